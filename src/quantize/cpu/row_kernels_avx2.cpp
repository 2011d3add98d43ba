// Compiled for AVX2, FMA and F16C; reached only where the CPU has them.
#include <immintrin.h>

#include "quantize/cpu/row_kernels.hpp"

namespace qgemm {
namespace {

struct Bf16Bits;
struct F16Bits;

struct V {
  static constexpr int width = 8;
  using F = __m256;
  using I = __m256i;

  static constexpr int width_16 = 16;
  using I16 = __m256i;

  static I16 zero_16() { return _mm256_setzero_si256(); }
  static I16 load_16(const std::uint16_t* x) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x)); }
  static I16 max_abs_16(I16 largest, I16 x) {
    return _mm256_max_epi16(largest, _mm256_and_si256(x, _mm256_set1_epi16(0x7fff)));
  }
  static std::uint32_t reduce_max_16(I16 x) {
    const __m256i wide = _mm256_max_epi32(_mm256_and_si256(x, _mm256_set1_epi32(0xffff)), _mm256_srli_epi32(x, 16));
    return static_cast<std::uint32_t>(reduce_max_int(wide));
  }
  static F load(const float* x) { return _mm256_loadu_ps(x); }
  static F load(const Bf16Bits* x) {
    return _mm256_castsi256_ps(
        _mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x))), 16));
  }
  static F load(const F16Bits* x) { return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x))); }
  static F load_f(const float* x) { return _mm256_loadu_ps(x); }
  static I load_int(const std::int32_t* x) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x)); }
  static F set(float x) { return _mm256_set1_ps(x); }
  static I set_int(std::int32_t x) { return _mm256_set1_epi32(x); }
  static I abs_bits(F x) { return _mm256_and_si256(_mm256_castps_si256(x), _mm256_set1_epi32(0x7fffffff)); }
  static I max_int(I a, I b) { return _mm256_max_epi32(a, b); }
  static std::int32_t reduce_max_int(I x) {
    __m128i half = _mm_max_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
    half = _mm_max_epi32(half, _mm_shuffle_epi32(half, 0x4e));
    half = _mm_max_epi32(half, _mm_shuffle_epi32(half, 0xb1));
    return _mm_cvtsi128_si32(half);
  }
  static F min(F a, F b) { return _mm256_min_ps(a, b); }
  static F max(F a, F b) { return _mm256_max_ps(a, b); }
  static float reduce_min(F x) {
    __m128 half = _mm_min_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    half = _mm_min_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_min_ss(half, _mm_movehdup_ps(half)));
  }
  static float reduce_max(F x) {
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
  }
  static F mul(F a, F b) { return _mm256_mul_ps(a, b); }
  static F add(F a, F b) { return _mm256_add_ps(a, b); }
  static F divide(F a, F b) { return _mm256_div_ps(a, b); }
  static F multiply_add(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
  static F negative_multiply_add(F a, F b, F c) { return _mm256_fnmadd_ps(a, b, c); }
  static I add_int(I a, I b) { return _mm256_add_epi32(a, b); }
  static I sub_int(I a, I b) { return _mm256_sub_epi32(a, b); }
  static I mul_int(I a, I b) { return _mm256_mullo_epi32(a, b); }
  static F to_f(I x) { return _mm256_cvtepi32_ps(x); }
  static I round_to_int(F x) { return _mm256_cvtps_epi32(x); }

  template <bool Stream>
  static void store_bytes(I a, I b, I c, I d, std::uint8_t flip, std::uint8_t* q) {
    // The packs work inside 128-bit lanes and leave lane L as a_L b_L c_L d_L; the permutation brings a's lanes
    // together.
    const I order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const I packed = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
    const I bytes =
        _mm256_xor_si256(_mm256_permutevar8x32_epi32(packed, order), _mm256_set1_epi8(static_cast<char>(flip)));
    if constexpr (Stream) {
      _mm256_stream_si256(reinterpret_cast<__m256i*>(q), bytes);
    } else {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(q), bytes);
    }
  }
  static void fence() { _mm_sfence(); }
  static void store(float* d, F x) { _mm256_storeu_ps(d, x); }
  static void store(Bf16Bits* d, F x) {
    const I bits = _mm256_castps_si256(x);
    const I odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const I rounded = _mm256_srli_epi32(_mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd), 16);
    const I packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(rounded, rounded), 0x08);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(d), _mm256_castsi256_si128(packed));
  }
  static void store(F16Bits* d, F x) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(d), _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
  }

#include "quantize/cpu/fast_divisor.inl"
};

#include "quantize/cpu/row_loops.inl"

}  // namespace

const RowKernels avx2_row_kernels = QGEMM_ROW_KERNELS("avx2");

}  // namespace qgemm
