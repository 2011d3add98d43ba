// Compiled for AVX2; reached only where the CPU has it. VPMADDUBSW, the eight-bit product of AVX2, saturates the sums
// of two products at int16, so both operands are widened to int16 and multiplied by VPMADDWD, whose int32 sums are
// exact.
#include <immintrin.h>

#include "engines/avx512/tile_kernel.hpp"

namespace qgemm::avx512 {
namespace {

/// 16 channels × 4 values of K are four vectors of int16. 2 rows × 4 are 8 sums; with activations, weights, products
/// and a zero 13 of 16 registers. A third row would leave none for the products.
constexpr int channels = 16, vectors = 4, most_rows = 2;

__m256i widened_weights(const std::int8_t* w) {
  return _mm256_cvtepi8_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(w)));
}

/// Four activations as int16, in each 64 bits: those of one channel.
__m256i widened_activations(const std::uint8_t* a) {
  std::int32_t four;
  __builtin_memcpy(&four, a, sizeof four);
  return _mm256_unpacklo_epi8(_mm256_set1_epi32(four), _mm256_setzero_si256());
}

/// Two vectors with two partial sums for each of four channels, as one of eight sums.
__m256i joined(__m256i low, __m256i high) {
  // The addition works inside 128-bit lanes: channels 0 1 4 5 | 2 3 6 7.
  return _mm256_permute4x64_epi64(_mm256_hadd_epi32(low, high), 0xd8);
}

template <int Rows>
void run_rows(const TileWork& work) {
  __m256i sum[Rows * vectors];
#pragma GCC unroll 16
  for (int i = 0; i < Rows * vectors; ++i) sum[i] = _mm256_setzero_si256();
  const std::uint8_t* a = work.a;
  const std::int8_t* w = work.w;
  const std::int8_t* next = work.next;
  for (std::int64_t chunk = 0; chunk < work.chunks; ++chunk, a += (Rows - 1) * chunk_values) {
    for (int quarter = 0; quarter < 4; ++quarter) {
      for (int line = 0; line < work.next_lines; ++line, next += 64) __builtin_prefetch(next, 0, 2);
#pragma GCC unroll 4
      for (int group = 0; group < 4; ++group, a += group_values, w += channels * group_values) {
        __m256i values[Rows];
#pragma GCC unroll 4
        for (int row = 0; row < Rows; ++row) values[row] = widened_activations(a + row * chunk_values);
#pragma GCC unroll 4
        for (std::int64_t j = 0; j < vectors; ++j) {
          const __m256i weights = widened_weights(w + j * 16);
#pragma GCC unroll 4
          for (int row = 0; row < Rows; ++row) {
            const __m256i products = _mm256_madd_epi16(values[row], weights);
            sum[row * vectors + j] = _mm256_add_epi32(sum[row * vectors + j], products);
            // gcc would add up the products of several groups first, in registers that it has not got.
            __asm__("" : "+x"(sum[row * vectors + j]));
          }
        }
      }
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < Rows * vectors / 2; ++i) {
    auto* to = reinterpret_cast<__m256i*>(work.sums) + i;
    const auto* start = work.start != nullptr ? reinterpret_cast<const __m256i*>(work.start) + i % 2 : to;
    const __m256i products = joined(sum[2 * i], sum[2 * i + 1]);
    _mm256_store_si256(to, _mm256_add_epi32(_mm256_load_si256(start), products));
  }
}

void run(const TileWork& work) {
  constexpr decltype(&run_rows<1>) by_rows[] = {run_rows<1>, run_rows<2>};
  by_rows[work.rows - 1](work);
}

}  // namespace

extern const TileKernel avx2_kernel;
const TileKernel avx2_kernel = {"avx2", most_rows, channels, false, nullptr, run};

}  // namespace qgemm::avx512
