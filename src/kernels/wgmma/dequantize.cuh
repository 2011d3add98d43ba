#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>
#include <type_traits>

namespace qgemm::kernels::wgmma {

/// How sums become D: D[m,n] = s_a[m]·(s_w[n]·float(sum − azp[m]·colsum[n])) + bias[n], one rounding an operation.
struct Dequantize {
  const float *scale_a = nullptr, *scale_w = nullptr, *bias = nullptr;
  const std::int32_t *azp = nullptr, *colsum = nullptr;
  bool scale_a_per_row = false, scale_w_per_channel = false, azp_per_row = false;
  bool half = false;  ///< D is binary16, not bfloat16.
  int tap = -1;       ///< ≥ 0: the byte (sum >> tap) & 255 in place of the scaled sum.
  int m = 0, n = 0;   ///< What lies past them is computed like the last row or column, and not stored.
};

/// What a row of A (`tokens`) or of W brings along. Scales of a tile's columns come from shared memory, the rest, which
/// few products have, from where it is.
template <bool tokens, bool full>
struct Side {
  float scale, bias;
  std::int32_t zero;  ///< azp of a token, colsum of a channel

  static __device__ __forceinline__ float load_scale(const Dequantize& how, int i) {
    if constexpr (tokens) return __ldg(how.scale_a + (how.scale_a_per_row ? min(i, how.m - 1) : 0));
    return __ldg(how.scale_w + (how.scale_w_per_channel ? min(i, how.n - 1) : 0));
  }
  __device__ __forceinline__ Side(const Dequantize& how, int i) : Side(how, i, load_scale(how, i)) {}
  __device__ __forceinline__ Side(const Dequantize& how, int i, float given) : scale(given) {
    if constexpr (full) {
      if constexpr (tokens) {
        zero = how.azp == nullptr ? 0 : __ldg(how.azp + (how.azp_per_row ? min(i, how.m - 1) : 0));
      } else {
        bias = how.bias == nullptr ? 0.0F : __ldg(how.bias + min(i, how.n - 1));
        zero = how.azp == nullptr ? 0 : __ldg(how.colsum + min(i, how.n - 1));
      }
    }
  }
};

__device__ __forceinline__ float rounded(std::int32_t sum) { return __int2float_rn(sum); }
__device__ __forceinline__ float rounded(float sum) { return sum; }

template <bool full, class Sum>
__device__ __forceinline__ float dequantize(const Dequantize& how, Sum sum, const Side<true, full>& token,
                                            const Side<false, full>& channel) {
  if constexpr (std::is_same_v<Sum, std::int32_t>) {
    if (how.tap >= 0) return __int2float_rn((sum >> how.tap) & 255);
  }
  float value = 0;
  if constexpr (full && std::is_same_v<Sum, std::int32_t>) {
    // The difference leaves 32 bits only for K > 66,000, and converting 64 bits is several times slower.
    const std::int64_t exact = sum - static_cast<std::int64_t>(token.zero) * channel.zero;
    const auto low = static_cast<std::int32_t>(exact);
    value = low == exact ? __int2float_rn(low) : __ll2float_rn(exact);
  } else {
    value = rounded(sum);
  }
  value = __fmul_rn(token.scale, __fmul_rn(channel.scale, value));
  if constexpr (full) {
    if (how.bias != nullptr) value = __fadd_rn(value, channel.bias);  // an addition of 0 would make +0 of −0
  }
  return value;
}

template <bool full>
__device__ __forceinline__ std::uint32_t packed(const Dequantize& how, float low, float high) {
  if constexpr (full) {
    if (how.half) {
      const __half2 pair = __floats2half2_rn(low, high);
      return reinterpret_cast<const std::uint32_t&>(pair);
    }
  }
  const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  return reinterpret_cast<const std::uint32_t&>(pair);
}

}  // namespace qgemm::kernels::wgmma
