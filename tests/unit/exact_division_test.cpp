// What fast quantization of 16-bit floats rests on: division by one correction of x·(1/s), as fast_divisor.inl and
// exact_divisor.cuh make it, and the limits of row_pieces.cuh.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

namespace qgemm {
namespace {

/// For 16-bit floats divided by a 127th of another it gives the correctly rounded quotient for every pair of mantissas.
/// Powers of two scale all terms alike.
TEST(ExactDivision, OneCorrectionIsEnoughForScalesOfS8) {
  for (const int mantissas : {128, 1024}) {
    for (int largest = mantissas; largest < 2 * mantissas; ++largest) {
      const float scale = static_cast<float>(largest) / static_cast<float>(mantissas) / 127.0F;
      if ((std::bit_cast<std::uint32_t>(scale) & 0x7fffffU) == 0x7fffffU) continue;  // takes the division instruction
      const float reciprocal = 1.0F / scale;
      for (int value = mantissas; value < 2 * mantissas; ++value) {
        const float x = static_cast<float>(value) / static_cast<float>(mantissas);
        const float first = x * reciprocal;
        const float corrected = std::fma(std::fma(-first, scale, x), reciprocal, first);
        ASSERT_EQ(corrected, x / scale) << value << " / " << largest << " of " << mantissas;
      }
    }
  }
}

/// The same for a 448th, which e4m3 is divided by (src/quantize/cuda has kernels for it).
TEST(ExactDivision, OneCorrectionIsEnoughForScalesOfE4M3) {
  for (const int mantissas : {128, 1024}) {
    for (int largest = mantissas; largest < 2 * mantissas; ++largest) {
      const float scale = static_cast<float>(largest) / static_cast<float>(mantissas) / 448.0F;
      if ((std::bit_cast<std::uint32_t>(scale) & 0x7fffffU) == 0x7fffffU) continue;
      const float reciprocal = 1.0F / scale;
      for (int value = mantissas; value < 2 * mantissas; ++value) {
        const float x = static_cast<float>(value) / static_cast<float>(mantissas);
        const float first = x * reciprocal;
        const float corrected = std::fma(-std::fma(first, scale, -x), reciprocal, first);
        ASSERT_EQ(corrected, x / scale) << value << " / " << largest << " of " << mantissas;
      }
    }
  }
}

/// Of the scales 1 ≤ s < 2, each `step`-th, those for which it does not for every x of that many mantissas. (The
/// all-ones mantissa takes the division instruction.)
#if defined(__x86_64__)
__attribute__((target("avx2,fma")))
#endif
int scales_divided_wrongly(int mantissas, std::uint32_t step) {
  std::vector<float> all;
  for (int value = 0; value < mantissas; ++value) {
    all.push_back(1.0F + static_cast<float>(value) / static_cast<float>(mantissas));
  }
  int wrong = 0;
  for (std::uint32_t mantissa = 0; mantissa < 0x7fffffU; mantissa += step) {
    const float scale = std::bit_cast<float>(0x3f800000U | mantissa), reciprocal = 1.0F / scale;
    int misses = 0;
    for (const float x : all) {
      const float first = x * reciprocal;
      const float corrected = __builtin_fmaf(__builtin_fmaf(-first, scale, x), reciprocal, first);
      misses += corrected != x / scale ? 1 : 0;
    }
    wrong += misses != 0 ? 1 : 0;
  }
  return wrong;
}

TEST(ExactDivision, OneCorrectionIsEnoughForAnyScale) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("fma") == 0) GTEST_SKIP() << "this CPU multiplies and adds in two roundings";
#endif
#if defined(__SANITIZE_ADDRESS__)
  constexpr std::uint32_t step = 61;  // instrumented, all would take minutes
#else
  constexpr std::uint32_t step = 1;
#endif
  EXPECT_EQ(scales_divided_wrongly(128, step), 0) << "bf16";
  EXPECT_EQ(scales_divided_wrongly(1024, step), 0) << "f16";
}

/// What row_pieces.cuh limits bf16 to before it divides them: 127·s and −128·s as the nearest bf16. (f16 are finer.)
TEST(ExactDivision, NearestBf16OfTheLastCodesHasThem) {
  const auto nearest_bf16 = [](float x) {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    return std::bit_cast<float>((bits + 0x7fffU + ((bits >> 16U) & 1U)) & 0xffff0000U);
  };
  for (std::uint32_t mantissa = 0; mantissa <= 0x7fffffU; ++mantissa) {
    const float scale = std::bit_cast<float>(0x3f800000U | mantissa);
    for (const float code : {127.0F, -128.0F}) {
      ASSERT_EQ(std::rint(nearest_bf16(code * scale) / scale), code) << scale;
    }
  }
}

}  // namespace
}  // namespace qgemm
