#include <cstddef>
#include <cstdint>

#include "limits/peak_kernels.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace qgemm {

#if defined(__x86_64__)
namespace {

// Each function carries its instruction set itself, so that this file is compiled for any x86-64 and the program starts
// there. Each loop over the sums is unrolled in full: one that is not puts them all on the stack. Operand reuse as in a
// GEMM's inner kernel: sums = rows × columns, one register a row and a column. Sums: the longest latency (6) times the
// most units (2) is 12; more cost nothing.
constexpr std::size_t rows = 4, columns = 4, sums = rows * columns;
// With 16 registers: ten sums, four operands, and for the three-instruction int8 product the ones and a temporary.
constexpr std::size_t few_rows = 2, few_columns = 2, few_sums = 10;

__attribute__((target("avx512f"))) void f32_avx512(const PeakOperands& operands, std::int64_t iterations, void* sink) {
  __m512 row[rows], column[columns], sum[sums];
  for (std::size_t i = 0; i < rows; ++i) row[i] = _mm512_loadu_ps(operands.floats.data() + 16 * i);
  for (std::size_t i = 0; i < columns; ++i) column[i] = _mm512_loadu_ps(operands.floats.data() + 64 + 16 * i);
  for (auto& s : sum) s = _mm512_setzero_ps();
  for (std::int64_t t = 0; t < iterations; ++t) {
#pragma GCC unroll 16
    for (std::size_t i = 0; i < sums; ++i) sum[i] = _mm512_fmadd_ps(row[i % rows], column[i / rows], sum[i]);
  }
#pragma GCC unroll 16
  for (std::size_t i = 1; i < sums; ++i) sum[0] = _mm512_add_ps(sum[0], sum[i]);
  _mm512_storeu_ps(sink, sum[0]);
}

__attribute__((target("avx512f,avx512vnni"))) void int8_vnni(const PeakOperands& operands, std::int64_t iterations,
                                                             void* sink) {
  __m512i row[rows], column[columns], sum[sums];
  for (std::size_t i = 0; i < rows; ++i) row[i] = _mm512_loadu_si512(operands.bytes.data() + 64 * i);
  for (std::size_t i = 0; i < columns; ++i) column[i] = _mm512_loadu_si512(operands.bytes.data() + 256 + 64 * i);
  for (auto& s : sum) s = _mm512_setzero_si512();
  for (std::int64_t t = 0; t < iterations; ++t) {
#pragma GCC unroll 16
    for (std::size_t i = 0; i < sums; ++i) sum[i] = _mm512_dpbusd_epi32(sum[i], row[i % rows], column[i / rows]);
  }
#pragma GCC unroll 16
  for (std::size_t i = 1; i < sums; ++i) sum[0] = _mm512_xor_si512(sum[0], sum[i]);
  _mm512_storeu_si512(sink, sum[0]);
}

__attribute__((target("avx512f,avx512bw"))) void int8_avx512(const PeakOperands& operands, std::int64_t iterations,
                                                             void* sink) {
  __m512i row[rows], column[columns], sum[sums];
  const __m512i ones = _mm512_set1_epi16(1);
  for (std::size_t i = 0; i < rows; ++i) row[i] = _mm512_loadu_si512(operands.bytes.data() + 64 * i);
  for (std::size_t i = 0; i < columns; ++i) column[i] = _mm512_loadu_si512(operands.bytes.data() + 256 + 64 * i);
  for (auto& s : sum) s = _mm512_setzero_si512();
  for (std::int64_t t = 0; t < iterations; ++t) {
#pragma GCC unroll 16
    for (std::size_t i = 0; i < sums; ++i) {
      __asm__ volatile("" : "+v"(row[i % rows]));  // counts as changed, else the products would leave the loop
      const __m512i pairs = _mm512_maddubs_epi16(row[i % rows], column[i / rows]);
      sum[i] = _mm512_add_epi32(sum[i], _mm512_madd_epi16(pairs, ones));
    }
  }
#pragma GCC unroll 16
  for (std::size_t i = 1; i < sums; ++i) sum[0] = _mm512_xor_si512(sum[0], sum[i]);
  _mm512_storeu_si512(sink, sum[0]);
}

__attribute__((target("avx512f,avx512bf16"))) void bf16_avx512(const PeakOperands& operands, std::int64_t iterations,
                                                               void* sink) {
  __m512bh row[rows], column[columns];
  __m512 sum[sums];
  for (std::size_t i = 0; i < rows; ++i) __builtin_memcpy(&row[i], operands.bfloats.data() + 32 * i, 64);
  for (std::size_t i = 0; i < columns; ++i) __builtin_memcpy(&column[i], operands.bfloats.data() + 128 + 32 * i, 64);
  for (auto& s : sum) s = _mm512_setzero_ps();
  for (std::int64_t t = 0; t < iterations; ++t) {
#pragma GCC unroll 16
    for (std::size_t i = 0; i < sums; ++i) sum[i] = _mm512_dpbf16_ps(sum[i], row[i % rows], column[i / rows]);
  }
#pragma GCC unroll 16
  for (std::size_t i = 1; i < sums; ++i) sum[0] = _mm512_add_ps(sum[0], sum[i]);
  _mm512_storeu_ps(sink, sum[0]);
}

__attribute__((target("avx2,fma"))) void f32_avx2(const PeakOperands& operands, std::int64_t iterations, void* sink) {
  __m256 row[few_rows], column[few_columns], sum[few_sums];
  for (std::size_t i = 0; i < few_rows; ++i) row[i] = _mm256_loadu_ps(operands.floats.data() + 8 * i);
  for (std::size_t i = 0; i < few_columns; ++i) column[i] = _mm256_loadu_ps(operands.floats.data() + 64 + 8 * i);
  for (auto& s : sum) s = _mm256_setzero_ps();
  for (std::int64_t t = 0; t < iterations; ++t) {
#pragma GCC unroll 16
    for (std::size_t i = 0; i < few_sums; ++i)
      sum[i] = _mm256_fmadd_ps(row[i % few_rows], column[i / few_rows % few_columns], sum[i]);
  }
#pragma GCC unroll 16
  for (std::size_t i = 1; i < few_sums; ++i) sum[0] = _mm256_add_ps(sum[0], sum[i]);
  _mm256_storeu_ps(static_cast<float*>(sink), sum[0]);
}

__attribute__((target("avx2,avxvnni"))) void int8_avx_vnni(const PeakOperands& operands, std::int64_t iterations,
                                                           void* sink) {
  __m256i row[few_rows], column[few_columns], sum[few_sums];
  const auto* from = operands.bytes.data();
  for (std::size_t i = 0; i < few_rows; ++i) __builtin_memcpy(&row[i], from + 32 * i, 32);
  for (std::size_t i = 0; i < few_columns; ++i) __builtin_memcpy(&column[i], from + 256 + 32 * i, 32);
  for (auto& s : sum) s = _mm256_setzero_si256();
  for (std::int64_t t = 0; t < iterations; ++t) {
#pragma GCC unroll 16
    for (std::size_t i = 0; i < few_sums; ++i) {
      sum[i] = _mm256_dpbusd_avx_epi32(sum[i], row[i % few_rows], column[i / few_rows % few_columns]);
    }
  }
#pragma GCC unroll 16
  for (std::size_t i = 1; i < few_sums; ++i) sum[0] = _mm256_xor_si256(sum[0], sum[i]);
  __builtin_memcpy(sink, &sum[0], 32);
}

__attribute__((target("avx2"))) void int8_avx2(const PeakOperands& operands, std::int64_t iterations, void* sink) {
  __m256i row[few_rows], column[few_columns], sum[few_sums];
  const __m256i ones = _mm256_set1_epi16(1);
  const auto* from = operands.bytes.data();
  for (std::size_t i = 0; i < few_rows; ++i) __builtin_memcpy(&row[i], from + 32 * i, 32);
  for (std::size_t i = 0; i < few_columns; ++i) __builtin_memcpy(&column[i], from + 256 + 32 * i, 32);
  for (auto& s : sum) s = _mm256_setzero_si256();
  for (std::int64_t t = 0; t < iterations; ++t) {
#pragma GCC unroll 16
    for (std::size_t i = 0; i < few_sums; ++i) {
      __asm__ volatile("" : "+x"(row[i % few_rows]));
      const __m256i pairs = _mm256_maddubs_epi16(row[i % few_rows], column[i / few_rows % few_columns]);
      sum[i] = _mm256_add_epi32(sum[i], _mm256_madd_epi16(pairs, ones));
    }
  }
#pragma GCC unroll 16
  for (std::size_t i = 1; i < few_sums; ++i) sum[0] = _mm256_xor_si256(sum[0], sum[i]);
  __builtin_memcpy(sink, &sum[0], 32);
}

void int8_sse2(const PeakOperands& operands, std::int64_t iterations, void* sink) {
  __m128i row[few_rows], column[few_columns], sum[few_sums];
  // Bytes widened to 16 bits, as packing would leave them.
  const auto load = [&operands](std::size_t at) {
    __m128i value;
    __builtin_memcpy(&value, operands.bytes.data() + at, sizeof value);
    return _mm_srai_epi16(value, 8);
  };
  for (std::size_t i = 0; i < few_rows; ++i) row[i] = load(16 * i);
  for (std::size_t i = 0; i < few_columns; ++i) column[i] = load(256 + 16 * i);
  for (auto& s : sum) s = _mm_setzero_si128();
  for (std::int64_t t = 0; t < iterations; ++t) {
#pragma GCC unroll 16
    for (std::size_t i = 0; i < few_sums; ++i) {
      __asm__ volatile("" : "+x"(row[i % few_rows]));
      sum[i] = _mm_add_epi32(sum[i], _mm_madd_epi16(row[i % few_rows], column[i / few_rows % few_columns]));
    }
  }
#pragma GCC unroll 16
  for (std::size_t i = 1; i < few_sums; ++i) sum[0] = _mm_xor_si128(sum[0], sum[i]);
  __builtin_memcpy(sink, &sum[0], sizeof sum[0]);
}

}  // namespace

std::vector<PeakKernel> x86_peak_kernels(const CpuFeatures& features) {
  std::vector<PeakKernel> kernels;
  if (features.avx512_vnni) {
    kernels.push_back({"int8", "VPDPBUSD zmm", 2.0 * 64 * sums, int8_vnni});
  } else if (features.avx_vnni) {
    kernels.push_back({"int8", "VPDPBUSD ymm (AVX-VNNI)", 2.0 * 32 * few_sums, int8_avx_vnni});
  } else if (features.avx512) {
    kernels.push_back({"int8", "VPMADDUBSW + VPMADDWD + VPADDD zmm", 2.0 * 64 * sums, int8_avx512});
  } else if (features.avx2) {
    kernels.push_back({"int8", "VPMADDUBSW + VPMADDWD + VPADDD ymm", 2.0 * 32 * few_sums, int8_avx2});
  } else {
    kernels.push_back({"int8", "PMADDWD + PADDD xmm", 2.0 * 8 * few_sums, int8_sse2});
  }
  if (features.avx512_bf16) kernels.push_back({"bf16", "VDPBF16PS zmm", 2.0 * 32 * sums, bf16_avx512});
  if (features.avx512) {
    kernels.push_back({"f32", "VFMADD zmm", 2.0 * 16 * sums, f32_avx512});
  } else if (features.avx2) {
    kernels.push_back({"f32", "VFMADD ymm", 2.0 * 8 * few_sums, f32_avx2});
  }
  return kernels;
}

#else

std::vector<PeakKernel> x86_peak_kernels(const CpuFeatures&) { return {}; }

#endif

}  // namespace qgemm
