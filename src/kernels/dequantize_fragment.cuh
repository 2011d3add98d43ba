#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cutlass/array.h>
#include <cutlass/bfloat16.h>

#include <cstdint>
#include <type_traits>

namespace qgemm::kernels {

/// What is stored in D. bfloat16 and half are both 16 bits, and nothing between the conversion and D looks into them,
/// so where speed is not compared one compiled kernel serves both and chooses by `half`: half the build time, and a
/// branch that all threads take alike.
using Stored = cutlass::bfloat16_t;

/// How a fragment of sums becomes one of D.
struct Dequantization {
  int tap = -1;           ///< ≥ 0: the byte (sum >> tap) & 255 in place of the scaled sum.
  bool half = false;      ///< D is binary16, not bfloat16.
  bool has_azp = false;   ///< False: azp and colsum are not looked at.
  bool has_bias = false;  ///< False: no addition, which would make +0 of −0.
};

template <int count>
__device__ __forceinline__ cutlass::Array<Stored, count> stored_bf16(const cutlass::Array<float, count>& values) {
  static_assert(count % 2 == 0);
  cutlass::Array<std::uint32_t, count / 2> words;
#pragma unroll
  for (int i = 0; i < count / 2; ++i) {
    const __nv_bfloat162 pair = __floats2bfloat162_rn(values[2 * i], values[2 * i + 1]);
    words[i] = reinterpret_cast<const std::uint32_t&>(pair);
  }
  return reinterpret_cast<const cutlass::Array<Stored, count>&>(words);
}

template <int count>
__device__ __forceinline__ cutlass::Array<Stored, count> stored(const cutlass::Array<float, count>& values, bool half) {
  if (!half) return stored_bf16(values);
  cutlass::Array<std::uint32_t, count / 2> words;
#pragma unroll
  for (int i = 0; i < count / 2; ++i) {
    const __half2 pair = __floats2half2_rn(values[2 * i], values[2 * i + 1]);
    words[i] = reinterpret_cast<const std::uint32_t&>(pair);
  }
  return reinterpret_cast<const cutlass::Array<Stored, count>&>(words);
}

template <int count>
__device__ __forceinline__ cutlass::Array<float, count> tapped(const cutlass::Array<std::int32_t, count>& sums,
                                                               int tap) {
  cutlass::Array<float, count> out;
#pragma unroll
  for (int i = 0; i < count; ++i) out[i] = __int2float_rn((sums[i] >> tap) & 255);
  return out;
}

template <int count>
__device__ __forceinline__ cutlass::Array<float, count> rounded(const cutlass::Array<std::int32_t, count>& sums) {
  cutlass::Array<float, count> out;
#pragma unroll
  for (int i = 0; i < count; ++i) out[i] = __int2float_rn(sums[i]);
  return out;
}

template <int count>
__device__ __forceinline__ const cutlass::Array<float, count>& rounded(const cutlass::Array<float, count>& sums) {
  return sums;
}

/// float(sum − azp·colsum), the difference exact. It leaves 32 bits only for K > 66,000, and converting 64 bits is
/// several times slower, so that is done only for fragments that need it.
template <int count>
__device__ __forceinline__ cutlass::Array<float, count> rounded_differences(
    const cutlass::Array<std::int32_t, count>& sums, const cutlass::Array<std::int32_t, count>& azp,
    const cutlass::Array<std::int32_t, count>& colsum) {
  cutlass::Array<std::int64_t, count> exact;
  bool fits = true;
#pragma unroll
  for (int i = 0; i < count; ++i) {
    exact[i] = sums[i] - static_cast<std::int64_t>(azp[i]) * colsum[i];
    fits = fits && exact[i] == static_cast<std::int32_t>(exact[i]);
  }
  cutlass::Array<float, count> out;
  if (fits) {
#pragma unroll
    for (int i = 0; i < count; ++i) out[i] = __int2float_rn(static_cast<std::int32_t>(exact[i]));
  } else {
#pragma unroll
    for (int i = 0; i < count; ++i) out[i] = __ll2float_rn(exact[i]);
  }
  return out;
}

/// s_a·(s_w·value), each product rounded.
template <int count>
__device__ __forceinline__ cutlass::Array<float, count> scaled(const cutlass::Array<float, count>& values,
                                                               const cutlass::Array<float, count>& scale_a,
                                                               const cutlass::Array<float, count>& scale_w) {
  cutlass::Array<float, count> out;
#pragma unroll
  for (int i = 0; i < count; ++i) out[i] = __fmul_rn(scale_a[i], __fmul_rn(scale_w[i], values[i]));
  return out;
}

template <int count>
__device__ __forceinline__ void add(cutlass::Array<float, count>& values, const cutlass::Array<float, count>& bias) {
#pragma unroll
  for (int i = 0; i < count; ++i) values[i] = __fadd_rn(values[i], bias[i]);
}

}  // namespace qgemm::kernels
