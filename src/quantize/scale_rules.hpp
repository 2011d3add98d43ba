#pragma once
#include <cmath>
#include <cstdint>

#include "quantize/cpu/row_kernels.hpp"
#include "quantize/quantized.hpp"

namespace qgemm {

/// Zero points beyond this are clamped to it: a row whose values lie within a millionth of their distance from zero.
inline constexpr float max_zero_point = 0x1p30F;

/// The scale (and zero point) of values that span `range`: the rules of qgemm/quantize.hpp. A scale that would
/// underflow to zero stays zero, and what it quantizes becomes zeros.
inline StaticScale scale_of(const RowRange& range, bool symmetric) {
  const float absmax = std::fmax(-range.min, range.max);
  if (symmetric || range.min == range.max) return {absmax / 127.0F, 0};
  float scale = (range.max - range.min) / 255.0F;
  if (!std::isfinite(scale)) scale = range.max / 255.0F - range.min / 255.0F;  // a span past the largest float
  if (scale == 0.0F) return {0.0F, 0};
  const float zero = std::nearbyint(-128.0F - range.min / scale);
  return {scale, static_cast<std::int32_t>(std::fmin(std::fmax(zero, -max_zero_point), max_zero_point))};
}

}  // namespace qgemm
