#include <cstdint>
#include <cstring>

#include "limits/peak_kernels.hpp"

namespace qgemm {
namespace {

// 16 bytes: what every x86-64 and arm64 has. The compilers lower it elsewhere.
using Float4 = float __attribute__((vector_size(16)));

#if defined(__aarch64__)
constexpr int f32_sums = 16;  // 32 registers, up to four pipes with a latency of four
#else
constexpr int f32_sums = 10;  // 16 registers
#endif

void run_f32(const PeakOperands& operands, std::int64_t iterations, void* sink) {
  Float4 factor[2], term[2], sum[f32_sums];
  std::memcpy(&factor, operands.floats.data(), sizeof factor);
  std::memcpy(&term, operands.floats.data() + 8, sizeof term);
  for (Float4& s : sum) s = Float4{};
  for (std::int64_t t = 0; t < iterations; ++t) {
    // The sum is the factor's partner: a product of two constants would leave the loop. |factor| < 1 keeps it finite.
#pragma GCC unroll 16
    for (int i = 0; i < f32_sums; ++i) sum[i] = sum[i] * factor[i % 2] + term[(i / 2) % 2];
  }
#pragma GCC unroll 16
  for (int i = 1; i < f32_sums; ++i) sum[0] += sum[i];
  std::memcpy(sink, &sum[0], sizeof sum[0]);
}

constexpr int int8_sums = 32;

void run_int8(const PeakOperands& operands, std::int64_t iterations, void* sink) {
  std::int8_t a[int8_sums], b[int8_sums];
  std::memcpy(a, operands.bytes.data(), sizeof a);
  std::memcpy(b, operands.bytes.data() + sizeof a, sizeof b);
  const std::int8_t *from_a = a, *from_b = b;
  std::uint32_t sum[int8_sums] = {};  // unsigned: these sums may wrap
  for (std::int64_t t = 0; t < iterations; ++t) {
    // Operands count as changed in memory, else the products would leave the loop.
    __asm__ volatile("" : : "r"(from_a), "r"(from_b) : "memory");
    for (int i = 0; i < int8_sums; ++i) sum[i] += static_cast<std::uint32_t>(from_a[i] * from_b[i]);
  }
  std::memcpy(sink, sum, 64);
}

}  // namespace

std::vector<PeakKernel> plain_peak_kernels() {
  return {{"f32", "16-byte vectors in plain C++", 2.0 * 4 * f32_sums, run_f32},
          {"int8", "plain C++ as the compiler vectorizes it", 2.0 * int8_sums, run_int8}};
}

}  // namespace qgemm
