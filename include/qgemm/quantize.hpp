#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "qgemm/matrix.hpp"

namespace qgemm {

/// The scales and zero points of quantized activations: value ≈ (q − azp) · scale.
struct ActivationScales {
  std::vector<float> scales;      ///< M (per token) or 1 (per tensor).
  std::vector<std::int32_t> azp;  ///< As many as scales; empty where symmetric.
};

/// Quantizes each row of `x` [M,K] (f32, bf16, f16) to int8 `q` [M,K] with a scale of its own, multi-threaded:
/// symmetric: scale = absmax/127, q = saturate(round_half_even(x/scale)); a zero row gives scale 0 and zeros.
/// asymmetric: scale = (max−min)/255, azp = round_half_even(−128 − min/scale),
/// q = saturate(round_half_even(x/scale) + azp); a constant row c has scale |c|/127 and azp 0.
/// `q` may be e4m3, symmetric: scale = absmax/448, q = the nearest code of x/scale, half to even, saturated at ±448.
/// Throws `InvalidInput` for shapes or types that do not fit, and for NaN or infinity, naming the row.
ActivationScales quantize_per_token(const ConstMatrixView& x, const MatrixView& q, bool symmetric = true);

/// One scale for the whole matrix, found from it (two passes); formulas and errors as above.
ActivationScales quantize_per_tensor(const ConstMatrixView& x, const MatrixView& q, bool symmetric = true);

/// With a scale (> 0, finite) and zero point given ahead: q = saturate(round_half_even(x/scale) + azp). One pass.
void quantize_static(const ConstMatrixView& x, const MatrixView& q, float scale, std::int32_t azp = 0);

/// The scale and zero point that `quantize_per_tensor` would use, without quantizing: calibration.
ActivationScales calibrate_per_tensor(const ConstMatrixView& x, bool symmetric = true);

}  // namespace qgemm
