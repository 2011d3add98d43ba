#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace qgemm {

/// D[M,N] = A[M,K] · W[N,K]ᵀ, all row-major: A are activations (one row a token), W weights (one row an output
/// channel).
struct Shape {
  std::int64_t m = 0, n = 0, k = 0;

  /// 2·M·N·K: the operations that TFLOP/s counts, whatever else a provider does.
  double flops() const { return 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k); }
  friend bool operator==(const Shape&, const Shape&) = default;
};

/// "16x4096x4096" (MxNxK).
std::string to_string(const Shape& shape);

/// The inverse of `to_string`; throws `InvalidInput` unless it is three positive numbers joined by `x`.
Shape parse_shape(std::string_view text);

}  // namespace qgemm
