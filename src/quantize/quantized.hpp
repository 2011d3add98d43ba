#pragma once
#include <cstdint>
#include <vector>

#include "qgemm/matrix.hpp"
#include "qgemm/scheme.hpp"

namespace qgemm {

/// Quantized weights W[N,K] with what the epilogue needs. value ≈ q · scale.
struct QuantizedWeights {
  Matrix values;                     ///< s8 or e4m3 [N,K].
  std::vector<float> scales;         ///< 1 (per tensor) or N (per channel).
  std::vector<std::int32_t> colsum;  ///< N: Σₖ q[n,k], for azp products and shifted-unsigned kernels; empty for e4m3.

  float scale(std::int64_t n) const { return scales.size() == 1 ? scales[0] : scales[static_cast<std::size_t>(n)]; }
};

/// How quantized activations are stored: as they are, or with 128 added (the unsigned operand VPDPBUSD takes).
enum class Int8Form : std::uint8_t { s8, u8_shifted };

/// Quantized activations A[M,K]. value ≈ (q − azp) · scale.
struct QuantizedActivations {
  Matrix values;  ///< s8 or e4m3 [M,K]; s8 bytes hold q + 128 where `form` is `u8_shifted`.
  Int8Form form = Int8Form::s8;
  std::vector<float> scales;      ///< 1 (per tensor) or M (per token).
  std::vector<std::int32_t> azp;  ///< Empty (symmetric), 1 or M.

  float scale(std::int64_t m) const { return scales.size() == 1 ? scales[0] : scales[static_cast<std::size_t>(m)]; }
  std::int32_t zero_point(std::int64_t m) const {
    return azp.empty() ? 0 : azp.size() == 1 ? azp[0] : azp[static_cast<std::size_t>(m)];
  }
  /// q[m,k] of int8 activations, whatever the form.
  int q(std::int64_t m, std::int64_t k) const {
    const auto byte = values.row<std::uint8_t>(m)[k];
    return form == Int8Form::s8 ? static_cast<std::int8_t>(byte) : static_cast<int>(byte) - 128;
  }
};

/// Where per-tensor scales come from: the operand's own absmax, or the reference's constant 1.0 (parity).
enum class ScaleSource : std::uint8_t { absmax, constant };

/// A per-tensor activation scale calibrated ahead, applied inside the call. `azp` is 0 for symmetric schemes.
struct StaticScale {
  float scale = 1;
  std::int32_t azp = 0;
};

}  // namespace qgemm
