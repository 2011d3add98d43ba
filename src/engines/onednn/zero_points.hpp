#pragma once
#include <cstdint>
#include <span>

namespace qgemm::onednn {

/// Takes the part of zero points off the sums Σₖ (qa + zero point)·qw of one row, for each of the row's channels n:
/// sums[n] −= zero_point · colsum[n] modulo 2³², which is exact wherever the difference is an int32, also where the sum
/// itself has wrapped.
void subtract_zero_point(std::int32_t zero_point, std::span<const std::int32_t> colsum, std::int32_t* sums);

}  // namespace qgemm::onednn
