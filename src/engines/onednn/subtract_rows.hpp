#pragma once
#include <cstdint>
#include <span>

namespace qgemm::onednn {

/// Takes `row` off each of `rows` dense rows at `sums`, modulo 2³².
void subtract_from_rows(std::span<const std::int32_t> row, std::int32_t* sums, std::int64_t rows);

}  // namespace qgemm::onednn
