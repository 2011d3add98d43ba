#include "limits/stream_kernels.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace qgemm {

#if defined(__x86_64__)
namespace {

// Four streams in different pages keep more of the prefetchers busy than one; each takes two vectors a step.
constexpr std::size_t streams = 4, lines = 2;

__attribute__((target("avx512f"))) void read_avx512(const std::byte* from, std::size_t bytes, void* sink) {
  const std::size_t part = bytes / streams;
  __m512i sum[streams * lines];
  for (auto& s : sum) s = _mm512_setzero_si512();
  for (std::size_t i = 0; i < part; i += 64 * lines) {
#pragma GCC unroll 8
    for (std::size_t s = 0; s < streams * lines; ++s) {
      sum[s] = _mm512_or_si512(sum[s], _mm512_load_si512(from + (s / lines) * part + i + 64 * (s % lines)));
    }
  }
#pragma GCC unroll 8
  for (std::size_t s = 1; s < streams * lines; ++s) sum[0] = _mm512_xor_si512(sum[0], sum[s]);
  _mm512_storeu_si512(sink, sum[0]);
}

__attribute__((target("avx512f"))) void copy_avx512(std::byte* to, const std::byte* from, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; i += 128) {
    const __m512i first = _mm512_load_si512(from + i), second = _mm512_load_si512(from + i + 64);
    _mm512_store_si512(to + i, first);
    _mm512_store_si512(to + i + 64, second);
  }
}

__attribute__((target("avx512f"))) void copy_past_cache_avx512(std::byte* to, const std::byte* from,
                                                               std::size_t bytes) {
  const std::size_t part = bytes / streams;
  for (std::size_t i = 0; i < part; i += 64 * lines) {
#pragma GCC unroll 8
    for (std::size_t s = 0; s < streams * lines; ++s) {
      const std::size_t at = (s / lines) * part + i + 64 * (s % lines);
      _mm512_stream_si512(reinterpret_cast<__m512i*>(to + at), _mm512_load_si512(from + at));
    }
  }
  _mm_sfence();
}

__attribute__((target("avx2"))) __m256i load(const std::byte* from) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(from));
}

__attribute__((target("avx2"))) void read_avx2(const std::byte* from, std::size_t bytes, void* sink) {
  const std::size_t part = bytes / streams;
  __m256i sum[streams * lines];
  for (auto& s : sum) s = _mm256_setzero_si256();
  for (std::size_t i = 0; i < part; i += 32 * lines) {
#pragma GCC unroll 8
    for (std::size_t s = 0; s < streams * lines; ++s) {
      sum[s] = _mm256_or_si256(sum[s], load(from + (s / lines) * part + i + 32 * (s % lines)));
    }
  }
#pragma GCC unroll 8
  for (std::size_t s = 1; s < streams * lines; ++s) sum[0] = _mm256_xor_si256(sum[0], sum[s]);
  _mm256_storeu_si256(static_cast<__m256i*>(sink), sum[0]);
}

__attribute__((target("avx2"))) void copy_avx2(std::byte* to, const std::byte* from, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; i += 64) {
    const __m256i first = load(from + i), second = load(from + i + 32);
    _mm256_store_si256(reinterpret_cast<__m256i*>(to + i), first);
    _mm256_store_si256(reinterpret_cast<__m256i*>(to + i + 32), second);
  }
}

__attribute__((target("avx2"))) void copy_past_cache_avx2(std::byte* to, const std::byte* from, std::size_t bytes) {
  const std::size_t part = bytes / streams;
  for (std::size_t i = 0; i < part; i += 32 * lines) {
#pragma GCC unroll 8
    for (std::size_t s = 0; s < streams * lines; ++s) {
      const std::size_t at = (s / lines) * part + i + 32 * (s % lines);
      _mm256_stream_si256(reinterpret_cast<__m256i*>(to + at), load(from + at));
    }
  }
  _mm_sfence();
}

}  // namespace

StreamKernels x86_stream_kernels(const CpuFeatures& features) {
  if (features.avx512) return {"64-byte vectors", read_avx512, copy_avx512, copy_past_cache_avx512};
  if (features.avx2) return {"32-byte vectors", read_avx2, copy_avx2, copy_past_cache_avx2};
  return {};
}

#else

StreamKernels x86_stream_kernels(const CpuFeatures&) { return {}; }

#endif

}  // namespace qgemm
