#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

#include <cstdint>
#include <string>

#include "qgemm/dtype.hpp"
#include "qgemm/error.hpp"

namespace qgemm::cuda {

/// Elements of device matrices as float32, exactly.
__device__ inline float to_float32(float x) { return x; }
__device__ inline float to_float32(__nv_bfloat16 x) { return __bfloat162float(x); }
__device__ inline float to_float32(__half x) { return __half2float(x); }
__device__ inline float to_float32(__nv_fp8_e4m3 x) { return static_cast<float>(x); }

/// The nearest value of type T, half to even.
template <class T>
__device__ T rounded(float x);
template <>
__device__ inline float rounded<float>(float x) {
  return x;
}
template <>
__device__ inline __nv_bfloat16 rounded<__nv_bfloat16>(float x) {
  return __float2bfloat16_rn(x);
}
template <>
__device__ inline __half rounded<__half>(float x) {
  return __float2half_rn(x);
}

template <class T>
struct Tag {
  using type = T;
};

/// Calls `f` with the tag of a result's element type (f32, bf16, f16); throws `InvalidInput` naming `what` for others.
template <class F>
auto with_output_type(DType type, const char* what, F&& f) {
  switch (type) {
    case DType::f32: return f(Tag<float>{});
    case DType::bf16: return f(Tag<__nv_bfloat16>{});
    case DType::f16: return f(Tag<__half>{});
    default: throw InvalidInput(std::string(what) + " cannot be of type " + std::string(name(type)));
  }
}

/// The same for an operand's: a result's, or e4m3.
template <class F>
auto with_float_type(DType type, const char* what, F&& f) {
  if (type == DType::e4m3) return f(Tag<__nv_fp8_e4m3>{});
  return with_output_type(type, what, f);
}

}  // namespace qgemm::cuda
