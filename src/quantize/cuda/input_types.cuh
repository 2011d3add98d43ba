#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

namespace qgemm::cuda {

/// What is quantized, read 16 bytes at a time: `count` elements a piece. `Pair` is what is compared at a time, `both`
/// of one value; `between` limits a piece by such.
template <class In>
struct Input;

template <>
struct Input<float> {
  static constexpr int count = 4;
  using Pair = float;  // one is compared at a time
  static __device__ float both(float x) { return x; }
  static __device__ float low(float x) { return x; }
  static __device__ float to_float(float x) { return x; }
  static __device__ void unpack(const uint4& piece, float (&x)[count]) {
    x[0] = __uint_as_float(piece.x), x[1] = __uint_as_float(piece.y);
    x[2] = __uint_as_float(piece.z), x[3] = __uint_as_float(piece.w);
  }
  static __device__ uint4 between(const uint4& piece, float low, float high) {
    const auto limited = [=](std::uint32_t x) { return __float_as_uint(fminf(fmaxf(__uint_as_float(x), low), high)); };
    return {limited(piece.x), limited(piece.y), limited(piece.z), limited(piece.w)};
  }
};

/// 16-bit floats are compared in pairs, as they are read.
template <class PairOfThem>
struct PairedInput {
  static constexpr int count = 8;
  using Pair = PairOfThem;
  static __device__ Pair pair(std::uint32_t word) {
    Pair two;
    memcpy(&two, &word, sizeof two);
    return two;
  }
  static __device__ float low(Pair x) { return __low2float(x); }
  static __device__ float high(Pair x) { return __high2float(x); }
  static __device__ uint4 between(const uint4& piece, Pair low, Pair high) {
    const auto limited = [=](std::uint32_t word) {
      const Pair two = __hmin2(__hmax2(pair(word), low), high);
      memcpy(&word, &two, sizeof word);
      return word;
    };
    return {limited(piece.x), limited(piece.y), limited(piece.z), limited(piece.w)};
  }
};

template <>
struct Input<__nv_bfloat16> : PairedInput<__nv_bfloat162> {
  static __device__ float to_float(__nv_bfloat16 x) { return __bfloat162float(x); }
  static __device__ void unpack(const uint4& piece, float (&x)[count]) {
    const std::uint32_t words[4] = {piece.x, piece.y, piece.z, piece.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      x[2 * i] = __uint_as_float(words[i] << 16U);
      x[2 * i + 1] = __uint_as_float(words[i] & 0xffff0000U);
    }
  }
  static __device__ Pair both(float x) { return __float2bfloat162_rn(x); }
};

template <>
struct Input<__half> : PairedInput<__half2> {
  static __device__ float to_float(__half x) { return __half2float(x); }
  static __device__ void unpack(const uint4& piece, float (&x)[count]) {
    const std::uint32_t words[4] = {piece.x, piece.y, piece.z, piece.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float2 two = __half22float2(pair(words[i]));
      x[2 * i] = two.x, x[2 * i + 1] = two.y;
    }
  }
  static __device__ Pair both(float x) { return __float2half2_rn(x); }
};

}  // namespace qgemm::cuda
