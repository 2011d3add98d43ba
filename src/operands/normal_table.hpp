#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "operands/random_bits.hpp"

namespace qgemm {

/// N(0,1) in bf16 from 16 random bits: the quantiles of the middles of 2¹⁶ equal slices of probability, finer than bf16
/// can tell apart everywhere but in the two outermost slices, which have 2¹⁶ slices of their own. Being tables, they
/// give the same bits on every device.
class NormalTable {
 public:
  static constexpr std::size_t half_slices = std::size_t{1} << 15U, tail_slices = std::size_t{1} << 16U;
  static constexpr std::uint32_t last_slice = 0xffffU;

  /// Computed at the first call (some 20 ms).
  static const NormalTable& get();

  /// bf16 bits of the magnitude of slice s ≥ 2¹⁵ at s − 2¹⁵, and, negated, of slice 2¹⁶−1−s. The last one is never
  /// used.
  const std::array<std::uint16_t, half_slices>& upper() const { return upper_; }
  /// bf16 bits of the magnitudes in an outermost slice, the largest first.
  const std::array<std::uint16_t, tail_slices>& tail() const { return tail_; }

  /// The bf16 bits of element `c` of a row, whose slice is `slice`.
  std::uint16_t sample(std::uint32_t slice, std::uint64_t row_state, std::int64_t c) const {
    const std::uint32_t sign = slice < half_slices ? 0x8000U : 0U;
    const std::uint32_t magnitude =
        slice == 0 || slice == last_slice ? tail_[random_bits::tail_fraction(row_state, c)] : upper_[index(slice)];
    return static_cast<std::uint16_t>(magnitude | sign);
  }

  /// Where `upper` holds a slice's magnitude: the slices below the middle mirror those above.
  static constexpr std::uint32_t index(std::uint32_t slice) {
    return (slice < half_slices ? ~slice : slice) & (half_slices - 1);
  }

 private:
  NormalTable();
  std::array<std::uint16_t, half_slices> upper_{};
  std::array<std::uint16_t, tail_slices> tail_{};
};

}  // namespace qgemm
