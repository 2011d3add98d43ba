#pragma once
#include <cstdint>

#include "quantize/cuda/scale_rules.cuh"

namespace qgemm::cuda {

/// The e4m3 nearest to x, half to even, saturated: what cvt.rn.satfinite.e4m3x2 does from sm_89 on.
inline __device__ std::uint32_t e4m3_bits(float x) {
  const std::uint32_t bits = __float_as_uint(x), sign = (bits >> 24U) & 0x80U, magnitude = bits & 0x7fffffffU;
  if (magnitude > 0x7f800000U) return sign | 0x7fU;
  if (magnitude >= 0x43e00000U) return sign | 0x7eU;
  if (magnitude < 0x3c800000U) {
    return sign | (__float_as_uint(__fadd_rn(__uint_as_float(magnitude), 0x1p14F)) - 0x46800000U);
  }
  return sign | ((magnitude + 0x7ffffU + ((magnitude >> 20U) & 1U) - (120U << 23U)) >> 20U);
}

inline __device__ std::uint32_t e4m3_pair(float low, float high) {
#if __CUDA_ARCH__ >= 890
  std::uint16_t pair;
  asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(pair) : "f"(high), "f"(low));
  return pair;
#else
  return e4m3_bits(low) | (e4m3_bits(high) << 8U);
#endif
}

/// Four int32 as bytes, saturated; the first lowest.
inline __device__ std::uint32_t saturated_bytes(int a, int b, int c, int d) {
  std::uint32_t upper, bytes;
  asm("cvt.pack.sat.s8.s32.b32 %0, %1, %2, %3;" : "=r"(upper) : "r"(d), "r"(c), "r"(0));
  asm("cvt.pack.sat.s8.s32.b32 %0, %1, %2, %3;" : "=r"(bytes) : "r"(b), "r"(a), "r"(upper));
  return bytes;
}

/// Adding 1.5·2²³ leaves a float |x| < 2²² rounded half to even in the low bits, as a two's complement integer. Twice
/// as fast as a conversion from sm_90 on, eight times before.
constexpr float to_integer = 0x1.8p23F;
constexpr int to_integer_bits = 0x4b400000;

/// Four quotients within ±127 (`ranged`: 127.5) or ±2²¹ as codes; `azp` within ±2²⁰ is added where not ranged.
template <Code code, bool ranged>
__device__ std::uint32_t four_codes(float a, float b, float c, float d, int azp) {
  if constexpr (code == Code::e4m3) {
    return e4m3_pair(a, b) | (e4m3_pair(c, d) << 16U);
  } else {
    const int ia = __float_as_int(__fadd_rn(a, to_integer)), ib = __float_as_int(__fadd_rn(b, to_integer));
    const int ic = __float_as_int(__fadd_rn(c, to_integer)), id = __float_as_int(__fadd_rn(d, to_integer));
    if constexpr (ranged) {
      return __byte_perm(__byte_perm(ia, ib, 0x0040), __byte_perm(ic, id, 0x0040), 0x5410);
    } else {
      const int shift = azp - to_integer_bits;
      return saturated_bytes(ia + shift, ib + shift, ic + shift, id + shift);
    }
  }
}

/// One code by the definition, for any scale and zero point.
template <Code code>
__device__ std::uint8_t one_code(float x, const RowScale& by) {
  const float quotient = by.scale == 0.0F ? 0.0F : __fdiv_rn(x, by.scale);
  if constexpr (code == Code::e4m3) return static_cast<std::uint8_t>(e4m3_bits(quotient));
  const long long q = __float2int_rn(fminf(fmaxf(quotient, -0x1p30F), 0x1p30F)) + static_cast<long long>(by.azp);
  return static_cast<std::uint8_t>(q < -128 ? -128 : q > 127 ? 127 : q);
}

}  // namespace qgemm::cuda
