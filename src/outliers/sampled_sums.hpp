#pragma once
#include <cstdint>
#include <vector>

#include "qgemm/matrix.hpp"

namespace qgemm {

/// `count` of 0 … n−1, each once, ascending, random from `seed`; all where there are no more.
std::vector<std::int64_t> sample_channels(std::int64_t n, std::int64_t count, std::uint64_t seed);

/// Rows of int8 codes as 16 bits, which multiply two at a time on any x86-64 CPU.
struct WideCodes {
  std::int64_t rows = 0, cols = 0;
  std::vector<std::int16_t> values;
};
WideCodes widen(const ConstMatrixView& s8);

/// Σₖ a[m,k]·w[n,k], row by row of `a`. No sum may leave int32 (`max_k`).
std::vector<std::int32_t> code_sums(const WideCodes& a, const WideCodes& w);

/// The same of f32 matrices in float64, each sum from k = 0 on, one rounding an operation. Of E4M3 values up to
/// K = 2¹⁷ it is exact: a product of two is a multiple of 2⁻¹⁸ below 2¹⁸.
std::vector<double> float_sums(const ConstMatrixView& a, const ConstMatrixView& w);

}  // namespace qgemm
