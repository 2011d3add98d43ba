#pragma once
#include <cstdint>
#include <optional>

#include "qgemm/matrix.hpp"
#include "qgemm/scheme.hpp"
#include "quantize/quantized.hpp"

namespace qgemm {

/// Room for the activations A[M,K] of a scheme, with as many scales and zero points as it has; contents undefined.
QuantizedActivations allocate_activations(const Scheme& scheme, std::int64_t m, std::int64_t k, Int8Form form);

/// Quantizes `a` [M,K] (f32, bf16, f16) by the scheme's rule into `out`, on the OpenMP team, with the widest
/// instructions this CPU has; the bits do not depend on either. Formulas: see qgemm/quantize.hpp. `given` is the scale
/// of static schemes, and of per-tensor `ahead` schemes that are not `dynamic_tensor`; ignored by the others. Throws
/// `InvalidInput` for NaN or infinity in `a`, naming the first bad row. Allocates nothing.
void quantize_activations(const Scheme& scheme, const std::optional<StaticScale>& given, const ConstMatrixView& a,
                          QuantizedActivations& out);

/// True where `quantize_activations` wants `given`.
bool needs_static_scale(const Scheme& scheme);
/// Whether each of `rows` rows is quantized by an extent of its own: per token, or the only row of a tensor.
bool scales_each_row(const Scheme& scheme, std::int64_t rows);

/// The per-tensor scale (and zero point, where the scheme has one) of `a`: from its absmax or range, or the
/// constant 1.0.
StaticScale calibrate(const Scheme& scheme, const ConstMatrixView& a, ScaleSource source);

}  // namespace qgemm
