// Compiled for AVX2 and AVX-VNNI; reached only where the CPU has them.
#include <immintrin.h>

#include <cstddef>

#include "engines/avx512/tile_kernel.hpp"

namespace qgemm::avx512 {
namespace {

/// 6 rows × 2 vectors are 12 sums; with two vectors of weights and one of activations 15 of 16 registers.
struct Vector {
  using I = __m256i;
  static constexpr int lanes = 8, vectors = 2;
  static constexpr bool finishes = false;

  static I load(const std::int32_t* x) { return _mm256_load_si256(reinterpret_cast<const __m256i*>(x)); }
  static void store(std::int32_t* x, I value) { _mm256_store_si256(reinterpret_cast<__m256i*>(x), value); }
  static I broadcast(const std::uint8_t* a) {
    std::int32_t four;
    __builtin_memcpy(&four, a, sizeof four);
    return _mm256_set1_epi32(four);
  }
  static I multiply_add(I sum, I a, I w) { return _mm256_dpbusd_avx_epi32(sum, a, w); }
};

#include "engines/avx512/vnni_tile.inl"

}  // namespace

extern const TileKernel avx2_vnni_kernel;
const TileKernel avx2_vnni_kernel = {"avx2_vnni",      most_rows, Vector::vectors* Vector::lanes,
                                     Vector::finishes, nullptr,   run};

}  // namespace qgemm::avx512
