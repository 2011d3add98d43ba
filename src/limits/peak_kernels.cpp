#include "limits/peak_kernels.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace qgemm {
namespace {

/// SplitMix64 (Steele, Lea, Flood 2014).
std::uint64_t next_random(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15U);
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

}  // namespace

PeakOperands make_peak_operands() {
  PeakOperands operands{};
  std::uint64_t state = 1;
  for (auto& byte : operands.bytes) byte = static_cast<std::uint8_t>(next_random(state));
  for (auto& value : operands.floats) {
    // Any sign and mantissa, the exponent of [0.5, 1).
    const auto random = static_cast<std::uint32_t>(next_random(state));
    value = std::bit_cast<float>((random & 0x807fffffU) | 0x3f000000U);
  }
  for (auto& value : operands.bfloats) {
    value = static_cast<std::uint16_t>((next_random(state) & 0x807fU) | 0x3f00U);
  }
  return operands;
}

std::vector<PeakKernel> peak_kernels(const CpuFeatures& features) {
  std::vector<PeakKernel> kernels = x86_peak_kernels(features);
  for (const PeakKernel& plain : plain_peak_kernels()) {
    const bool present = std::any_of(kernels.begin(), kernels.end(),
                                     [&plain](const PeakKernel& kernel) { return kernel.limit == plain.limit; });
    if (!present) kernels.push_back(plain);
  }
  std::erase_if(kernels, [&features](const PeakKernel& kernel) {
    return (kernel.limit == "int8" && features.amx_int8) || (kernel.limit == "bf16" && features.amx_bf16);
  });
  return kernels;
}

}  // namespace qgemm
