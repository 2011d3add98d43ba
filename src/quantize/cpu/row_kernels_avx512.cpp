// Compiled for AVX-512 F, BW, VL, DQ; reached only where the CPU has them.
#include <immintrin.h>

#include "quantize/cpu/row_kernels.hpp"

namespace qgemm {
namespace {

struct Bf16Bits;
struct F16Bits;

struct V {
  static constexpr int width = 16;
  using F = __m512;
  using I = __m512i;

  static constexpr int width_16 = 32;
  using I16 = __m512i;

  static I16 zero_16() { return _mm512_setzero_si512(); }
  static I16 load_16(const std::uint16_t* x) { return _mm512_loadu_si512(x); }
  static I16 max_abs_16(I16 largest, I16 x) {
    return _mm512_max_epi16(largest, _mm512_and_si512(x, _mm512_set1_epi16(0x7fff)));
  }
  static std::uint32_t reduce_max_16(I16 x) {
    const __m512i wide = _mm512_max_epi32(_mm512_and_si512(x, _mm512_set1_epi32(0xffff)), _mm512_srli_epi32(x, 16));
    return static_cast<std::uint32_t>(_mm512_reduce_max_epi32(wide));
  }
  static F load(const float* x) { return _mm512_loadu_ps(x); }
  static F load(const Bf16Bits* x) {
    return _mm512_castsi512_ps(
        _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x))), 16));
  }
  static F load(const F16Bits* x) { return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x))); }
  static F load_f(const float* x) { return _mm512_loadu_ps(x); }
  static I load_int(const std::int32_t* x) { return _mm512_loadu_si512(x); }
  static F set(float x) { return _mm512_set1_ps(x); }
  static I set_int(std::int32_t x) { return _mm512_set1_epi32(x); }
  static I abs_bits(F x) { return _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32(0x7fffffff)); }
  static I max_int(I a, I b) { return _mm512_max_epi32(a, b); }
  static std::int32_t reduce_max_int(I x) { return _mm512_reduce_max_epi32(x); }
  static F min(F a, F b) { return _mm512_min_ps(a, b); }
  static F max(F a, F b) { return _mm512_max_ps(a, b); }
  static float reduce_min(F x) { return _mm512_reduce_min_ps(x); }
  static float reduce_max(F x) { return _mm512_reduce_max_ps(x); }
  static F mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static F add(F a, F b) { return _mm512_add_ps(a, b); }
  static F divide(F a, F b) { return _mm512_div_ps(a, b); }
  static F multiply_add(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
  static F negative_multiply_add(F a, F b, F c) { return _mm512_fnmadd_ps(a, b, c); }
  static I add_int(I a, I b) { return _mm512_add_epi32(a, b); }
  static I sub_int(I a, I b) { return _mm512_sub_epi32(a, b); }
  static I mul_int(I a, I b) { return _mm512_mullo_epi32(a, b); }
  static F to_f(I x) { return _mm512_cvtepi32_ps(x); }
  static I round_to_int(F x) { return _mm512_cvtps_epi32(x); }

  template <bool Stream>
  static void store_bytes(I a, I b, I c, I d, std::uint8_t flip, std::uint8_t* q) {
    // The packs work inside 128-bit lanes and leave lane L as a_L b_L c_L d_L; the permutation brings a's lanes
    // together.
    const I order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const I packed = _mm512_packs_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
    const I bytes =
        _mm512_xor_si512(_mm512_permutexvar_epi32(order, packed), _mm512_set1_epi8(static_cast<char>(flip)));
    if constexpr (Stream) {
      _mm512_stream_si512(reinterpret_cast<__m512i*>(q), bytes);
    } else {
      _mm512_storeu_si512(q, bytes);
    }
  }
  static void fence() { _mm_sfence(); }
  static void store(float* d, F x) { _mm512_storeu_ps(d, x); }
  static void store(Bf16Bits* d, F x) {
    const I bits = _mm512_castps_si512(x);
    const I odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const I rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(d), _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16)));
  }
  static void store(F16Bits* d, F x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(d), _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
  }

#include "quantize/cpu/fast_divisor.inl"
};

#include "quantize/cpu/row_loops.inl"

}  // namespace

const RowKernels avx512_row_kernels = QGEMM_ROW_KERNELS("avx512");

}  // namespace qgemm
