#pragma once
#include <cuda_bf16.h>
#include <cuda_fp8.h>

#include <cstdint>

#include "qgemm/dtype.hpp"

namespace qgemm::cuda {

/// A number that is about N(0,1): the sum of four even ones of 16 bits. `i` counts the numbers.
__device__ inline float about_normal(std::uint64_t i) {
  std::uint64_t z = (i + 1) * 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  z ^= z >> 31U;
  const auto sum = static_cast<int>((z & 0xffffU) + (z >> 16U & 0xffffU) + (z >> 32U & 0xffffU) + (z >> 48U));
  constexpr float deviation = 37837.2F;  // 2¹⁶·√(4/12)
  return static_cast<float>(sum - 131070) / deviation;
}

/// 32 bits of operands; absmax scales put the largest of some thousand normal numbers, 3.7, at the end of the range.
template <DType Type>
__device__ std::uint32_t operand_word(std::uint64_t i) {
  if constexpr (Type == DType::bf16) {
    const __nv_bfloat162 pair = __floats2bfloat162_rn(about_normal(2 * i), about_normal(2 * i + 1));
    return reinterpret_cast<const std::uint32_t&>(pair);
  } else {
    std::uint32_t word = 0;
#pragma unroll
    for (unsigned byte = 0; byte < 4; ++byte) {
      const float x = about_normal(4 * i + byte);
      std::uint32_t bits = 0;
      if constexpr (Type == DType::s8) {
        bits = static_cast<std::uint32_t>(__float2int_rn(x * (127 / 3.7F))) & 0xffU;
      } else {
        bits = __nv_fp8_e4m3(x * (448 / 3.7F)).__x;
      }
      word |= bits << (8 * byte);
    }
    return word;
  }
}

}  // namespace qgemm::cuda
