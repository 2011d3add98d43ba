#pragma once
#include <cstdint>

#include "quantize/cuda/extent.cuh"
#include "quantize/cuda/row_kernels.hpp"

namespace qgemm::cuda {

/// What one row, or one tensor, is quantized by.
struct RowScale {
  float scale;
  std::int32_t azp;
};

/// The rules of quantize/scale_rules.hpp, operation by operation; e4m3: absmax/448.
template <Code code, bool azp>
__device__ RowScale scale_of(const Extent& extent) {
  constexpr float max_zero_point = 0x1p30F;
  const float high = from_ordered(extent.high);
  if constexpr (code == Code::e4m3) return {__fdiv_rn(high, 448.0F), 0};
  if constexpr (!azp) return {__fdiv_rn(high, 127.0F), 0};
  const float low = from_ordered(extent.low);
  if (low == high) return {__fdiv_rn(fabsf(high), 127.0F), 0};
  float scale = __fdiv_rn(__fsub_rn(high, low), 255.0F);
  if (isinf(scale)) scale = __fsub_rn(__fdiv_rn(high, 255.0F), __fdiv_rn(low, 255.0F));
  if (scale == 0.0F) return {0.0F, 0};
  const float zero = rintf(__fsub_rn(-128.0F, __fdiv_rn(low, scale)));
  return {scale, __float2int_rn(fminf(fmaxf(zero, -max_zero_point), max_zero_point))};
}

}  // namespace qgemm::cuda
