// Compiled for AVX-512 F, BW, VL and VNNI; reached only where the CPU has them.
#include <immintrin.h>

#include <cstddef>

#include "engines/avx512/tile_kernel.hpp"

namespace qgemm::avx512 {
namespace {

/// How each type of D is rounded to (half to even) and stored; `count` < 16 stores only so many.
struct StoreF32 {
  static constexpr int size = 4;
  static void store(std::byte* d, __m512 x) { _mm512_storeu_ps(d, x); }
  static void store_some(std::byte* d, __m512 x, int count) {
    _mm512_mask_storeu_ps(d, static_cast<__mmask16>((1U << count) - 1U), x);
  }
};
struct Store16 {
  static constexpr int size = 2;
  static void store(std::byte* d, __m256i x) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(d), x); }
  static void store_some(std::byte* d, __m256i x, int count) {
    _mm256_mask_storeu_epi16(d, static_cast<__mmask16>((1U << count) - 1U), x);
  }
};
struct StoreBf16 : Store16 {
  static __m256i rounded(__m512 x) {
    const __m512i bits = _mm512_castps_si512(x);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i sum = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
    return _mm512_cvtepi32_epi16(_mm512_srli_epi32(sum, 16));
  }
  static void store(std::byte* d, __m512 x) { Store16::store(d, rounded(x)); }
  static void store_some(std::byte* d, __m512 x, int count) { Store16::store_some(d, rounded(x), count); }
};
struct StoreF16 : Store16 {
  static __m256i rounded(__m512 x) { return _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT); }
  static void store(std::byte* d, __m512 x) { Store16::store(d, rounded(x)); }
  static void store_some(std::byte* d, __m512 x, int count) { Store16::store_some(d, rounded(x), count); }
};

/// 6 rows × 4 vectors are 24 sums; with four vectors of weights and one of activations 29 of 32 registers. Six uses of
/// each vector of weights leave the load units two thirds idle.
struct Vector {
  using I = __m512i;
  using F = __m512;
  using AsF32 = StoreF32;
  using AsBf16 = StoreBf16;
  using AsF16 = StoreF16;
  static constexpr int lanes = 16, vectors = 4;
  static constexpr bool finishes = true;

  static I load(const std::int32_t* x) { return _mm512_load_si512(x); }
  static void store(std::int32_t* x, I value) { _mm512_store_si512(x, value); }
  static I broadcast(const std::uint8_t* a) {
    std::int32_t four;
    __builtin_memcpy(&four, a, sizeof four);
    return _mm512_set1_epi32(four);
  }
  static I multiply_add(I sum, I a, I w) { return _mm512_dpbusd_epi32(sum, a, w); }

  static F load(const float* x) { return _mm512_loadu_ps(x); }
  static I load_any(const std::int32_t* x) { return _mm512_loadu_si512(x); }
  static F set(float x) { return _mm512_set1_ps(x); }
  static I set(std::int32_t x) { return _mm512_set1_epi32(x); }
  static I subtract_product(I from, I a, I b) { return _mm512_sub_epi32(from, _mm512_mullo_epi32(a, b)); }
  static F to_float(I x) { return _mm512_cvtepi32_ps(x); }
  static F mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static F add(F a, F b) { return _mm512_add_ps(a, b); }
};

#include "engines/avx512/vnni_tile.inl"

}  // namespace

extern const TileKernel avx512_vnni_kernel;
const TileKernel avx512_vnni_kernel = {"avx512_vnni",    most_rows, Vector::vectors* Vector::lanes,
                                       Vector::finishes, nullptr,   run};

}  // namespace qgemm::avx512
