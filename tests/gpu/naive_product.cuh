#pragma once
#include <cuda_fp8.h>

#include <cstdint>

#include "cuda/cuda_error.hpp"

namespace qgemm::testing {

/// What operands are filled with.
enum class Fill {
  any,     ///< s8: all 256 values alike; e4m3: both signs, 2⁻³ … 2³.
  limits,  ///< s8: −128 and 127, a row having mostly one of them, so that sums come near the ends of int32.
};

__device__ inline std::uint32_t mixed(std::uint64_t x) {
  x ^= x >> 33U;
  x *= 0xff51afd7ed558ccdULL;
  x ^= x >> 33U;
  x *= 0xc4ceb9fe1a85ec53ULL;
  return static_cast<std::uint32_t>(x >> 32U);
}

/// Writes [rows, stride], the elements between `cols` and `stride` too: they must not matter.
static __global__ void fill_operand(std::uint8_t* to, std::int64_t rows, std::int64_t stride, bool integer, Fill fill,
                                    std::uint64_t seed) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= rows * stride) return;
  const std::uint32_t random = mixed(seed + static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15ULL);
  if (!integer) {
    to[i] = static_cast<std::uint8_t>((random & 0x80U) | ((4U + (random >> 8U) % 7U) << 3U) | ((random >> 16U) & 7U));
  } else if (fill == Fill::any) {
    to[i] = static_cast<std::uint8_t>(random);
  } else {
    const bool high = (i / stride + static_cast<std::int64_t>(seed)) % 2 == 0;
    const bool other = random % 8192 == 0;
    to[i] = high != other ? 0x7f : 0x80;
  }
}

/// sums[m,n] = Σ a·w, one thread an element.
static __global__ void naive_sums(const std::int8_t* a, std::int64_t lda, const std::int8_t* w, std::int64_t ldw,
                                  std::int64_t m, std::int64_t n, std::int64_t k, std::int32_t* sums) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= m * n) return;
  const auto* left = reinterpret_cast<const int*>(a + i / n * lda);
  const auto* right = reinterpret_cast<const int*>(w + i % n * ldw);
  std::int32_t sum = 0;
  for (std::int64_t j = 0; j < k / 4; ++j) sum = __dp4a(left[j], right[j], sum);
  sums[i] = sum;
}

/// The same of e4m3 in double precision, with Σ |a·w| beside it.
static __global__ void naive_sums(const __nv_fp8_e4m3* a, std::int64_t lda, const __nv_fp8_e4m3* w, std::int64_t ldw,
                                  std::int64_t m, std::int64_t n, std::int64_t k, double* sums, double* magnitudes) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= m * n) return;
  const auto* left = a + i / n * lda;
  const auto* right = w + i % n * ldw;
  double sum = 0, magnitude = 0;
  for (std::int64_t j = 0; j < k; ++j) {
    const double product = static_cast<double>(static_cast<float>(left[j]) * static_cast<float>(right[j]));
    sum += product;
    magnitude += fabs(product);
  }
  sums[i] = sum;
  magnitudes[i] = magnitude;
}

inline unsigned blocks_for(std::int64_t count) { return static_cast<unsigned>((count + 255) / 256); }

}  // namespace qgemm::testing
