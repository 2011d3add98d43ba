#pragma once
#include <cstdint>
#include <vector>

#include "core/case.hpp"
#include "testbed/planned_row.hpp"

namespace qgemm {

/// Bytes that all rows of a point share: the original weights, their quantized forms, activations, and what the check
/// of one row at a time needs.
std::int64_t shared_bytes(const Shape& shape, const std::vector<PlannedRow>& rows);

/// Upper estimate of what the point needs with all its rows prepared at once.
std::int64_t point_bytes(const Shape& shape, const std::vector<PlannedRow>& rows);

/// The rows in as few groups as fit into `budget` bytes one after the other, so that as many as can are interleaved.
/// Rows that do not fit alone are in none and become `out_of_memory`.
std::vector<std::vector<PlannedRow*>> group_by_memory(const Shape& shape, std::vector<PlannedRow>& rows,
                                                      std::int64_t budget);

}  // namespace qgemm
