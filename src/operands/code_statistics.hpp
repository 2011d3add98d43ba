#pragma once
#include <cstdint>

#include "qgemm/matrix.hpp"

namespace qgemm {

/// What there is to know of an operand as it is multiplied.
struct CodeStatistics {
  double absmax = 0;        ///< Of the codes as numbers: 127 of an int8 that uses its whole range, 448 of an e4m3.
  double zeros_pct = 0;     ///< Share of elements that are exactly zero, of either sign.
  double entropy_bits = 0;  ///< C. Shannon 1948: −Σ p·log₂ p over the histogram below, p the share of a bin.
  std::int64_t elements = 0;
};

/// The rows of a matrix to look at: some 65,536 elements in whole rows, from the first on with the same distance, at
/// least one. (So many tell the entropy of 256 bins to a hundredth of a bit, and take a tenth of a millisecond.)
struct RowSample {
  std::int64_t rows = 0;
  std::int64_t step = 1;  ///< From one sampled row to the next.
};
RowSample row_sample(std::int64_t rows, std::int64_t cols);

/// The sampled rows of `matrix`, where they lie.
ConstMatrixView sampled_rows(const ConstMatrixView& matrix);

/// Of all elements of `codes`, over 256 bins: s8, e4m3 (a bin a code), bf16, f32 or f16 (of the upper byte: the sign
/// and most of the exponent; the mantissas below are as good as random and would only add their own length). `flip` is
/// what int8 codes were XORed with (0x80: the form with 128 added). No element: all zero.
CodeStatistics code_statistics(const ConstMatrixView& codes, std::uint8_t flip = 0);

}  // namespace qgemm
