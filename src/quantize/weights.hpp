#pragma once
#include <cstdint>

#include "qgemm/matrix.hpp"
#include "qgemm/scheme.hpp"
#include "quantize/quantized.hpp"

namespace qgemm {

/// Quantizes W[N,K] (f32, bf16, f16) symmetrically: scale = absmax/127 a row (`per_channel`) or for the whole matrix
/// (`per_tensor`; with `ScaleSource::constant` that one is 1.0), q = saturate(round_half_even(w/scale)).
/// Throws `InvalidInput` for NaN or infinity, naming the row.
QuantizedWeights quantize_weights(const ConstMatrixView& w, ScaleGranularity granularity, ScaleSource source);

/// colsum[n] = Σₖ w[n,k] of int8 weights [N,K]: what a zero point of the activations is multiplied by.
std::vector<std::int32_t> column_sums(const ConstMatrixView& w);

}  // namespace qgemm
