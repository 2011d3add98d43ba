#pragma once
#include <cstdint>
#include <optional>

#include "qgemm/dtype.hpp"
#include "qgemm/matrix.hpp"
#include "qgemm/scheme.hpp"
#include "quantize/dequantize.hpp"
#include "quantize/quantized.hpp"

/// The truth about quantization: one element at a time, straight from the definitions in qgemm/quantize.hpp, sharing no
/// code with the vectorised kernels that are checked against it.
namespace qgemm::reference {

/// saturate(round_half_even(x/scale) + azp); 0 + azp where the scale is zero.
std::int8_t quantize_value(float x, float scale, std::int32_t azp);

/// The e4m3 nearest to x/scale (half to even, saturated at ±448); +0 where the scale is zero.
E4M3 quantize_value_e4m3(float x, float scale);

/// As `qgemm::quantize_activations`, in the s8 form; for e4m3 schemes with values of that type, scale = absmax/448
/// where it is found here. Throws `InvalidInput` for NaN or infinity.
QuantizedActivations quantize_activations(const Scheme& scheme, const std::optional<StaticScale>& given,
                                          const ConstMatrixView& a);

/// As `qgemm::quantize_weights`, to `type`: s8, or e4m3 (scale = absmax/448, no colsum).
QuantizedWeights quantize_weights(const ConstMatrixView& w, ScaleGranularity granularity, ScaleSource source,
                                  DType type = DType::s8);

/// The scale and zero point of the elements of rows [first, last), quantized to `type` (s8, or e4m3, always symmetric).
StaticScale scale_of_rows(const ConstMatrixView& x, std::int64_t first, std::int64_t last, bool symmetric,
                          DType type = DType::s8);

/// One result in float32, before the rounding to the output type: see `Epilogue`.
float dequantized(std::int32_t sum, std::int64_t m, std::int64_t n, const Epilogue& epilogue);

}  // namespace qgemm::reference
