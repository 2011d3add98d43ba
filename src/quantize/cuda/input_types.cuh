#pragma once
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

namespace qgemm::cuda {

template <class Change>
__device__ uint4 for_words(const uint4& piece, const Change& change) {
  return {change(piece.x), change(piece.y), change(piece.z), change(piece.w)};
}

template <class Pair>
__device__ std::uint32_t word_of(Pair pair) {
  std::uint32_t word;
  memcpy(&word, &pair, sizeof word);
  return word;
}

/// What is quantized, read 16 bytes at a time: `count` elements a piece, compared in pairs (`between`: the limits given
/// for both of one).
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
    return for_words(
        piece, [=](std::uint32_t word) { return __float_as_uint(fminf(fmaxf(__uint_as_float(word), low), high)); });
  }
};

template <>
struct Input<__nv_bfloat16> {
  static constexpr int count = 8;
  using Pair = __nv_bfloat162;
  static __device__ float to_float(__nv_bfloat16 x) { return __bfloat162float(x); }
  static __device__ void unpack(const uint4& piece, float (&x)[count]) {
    const std::uint32_t words[4] = {piece.x, piece.y, piece.z, piece.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      x[2 * i] = __uint_as_float(words[i] << 16U);
      x[2 * i + 1] = __uint_as_float(words[i] & 0xffff0000U);
    }
  }
  static __device__ Pair pair(std::uint32_t word) {
    Pair two;
    memcpy(&two, &word, sizeof two);
    return two;
  }
  static __device__ Pair both(float x) { return __float2bfloat162_rn(x); }
  static __device__ float low(Pair x) { return __low2float(x); }
  static __device__ float high(Pair x) { return __high2float(x); }
  static __device__ uint4 between(const uint4& piece, Pair low, Pair high) {
    return for_words(piece, [=](std::uint32_t word) { return word_of(__hmin2(__hmax2(pair(word), low), high)); });
  }
};

template <>
struct Input<__half> {
  static constexpr int count = 8;
  using Pair = __half2;
  static __device__ float to_float(__half x) { return __half2float(x); }
  static __device__ void unpack(const uint4& piece, float (&x)[count]) {
    const std::uint32_t words[4] = {piece.x, piece.y, piece.z, piece.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float2 two = __half22float2(pair(words[i]));
      x[2 * i] = two.x, x[2 * i + 1] = two.y;
    }
  }
  static __device__ Pair pair(std::uint32_t word) {
    Pair two;
    memcpy(&two, &word, sizeof two);
    return two;
  }
  static __device__ Pair both(float x) { return __float2half2_rn(x); }
  static __device__ float low(Pair x) { return __low2float(x); }
  static __device__ float high(Pair x) { return __high2float(x); }
  static __device__ uint4 between(const uint4& piece, Pair low, Pair high) {
    return for_words(piece, [=](std::uint32_t word) { return word_of(__hmin2(__hmax2(pair(word), low), high)); });
  }
};

}  // namespace qgemm::cuda
