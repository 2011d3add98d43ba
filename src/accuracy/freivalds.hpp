#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "qgemm/matrix.hpp"
#include "quantize/quantized.hpp"

namespace qgemm {

/// Checks a whole matrix of integer sums against its factors in O(MN + MK) (R. Freivalds, 1977): C·x = A·(Wᵀ·x) for a
/// random vector x of 64-bit integers, modulo 2⁶⁴. Sums of 32 bits that differ from the true ones anywhere in a row
/// pass in that row with a probability below 2⁻³¹.
class Freivalds {
 public:
  /// `w`: s8 [N,K]. O(N·K), once for all products with these weights.
  Freivalds(const ConstMatrixView& w, std::uint64_t seed);

  /// The first row of `sums` [M,N] that is not A·Wᵀ; none where all are.
  std::optional<std::int64_t> first_wrong_row(const QuantizedActivations& a, std::span<const std::int32_t> sums) const;

 private:
  std::vector<std::uint64_t> x_, wx_;
};

}  // namespace qgemm
