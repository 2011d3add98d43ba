#include "kernels/reference_choice.hpp"

#include <gtest/gtest.h>

#include "qgemm/error.hpp"

namespace qgemm::kernels {
namespace {

constexpr std::int64_t hopper_shared = 232448, ampere_shared = 166912, ada_shared = 101376;

std::string s8(int capability, std::int64_t shared, std::int64_t m, std::int64_t n) {
  return reference_choice(DType::s8, capability, shared, m, n);
}

std::string e4m3(std::int64_t m, std::int64_t n) { return reference_choice(DType::e4m3, 90, hopper_shared, m, n); }

TEST(ReferenceChoice, Int8OnHopper) {
  const auto choice = [](std::int64_t m, std::int64_t n) { return s8(90, hopper_shared, m, n); };
  for (const std::int64_t m : {1, 16, 17, 32}) {
    EXPECT_EQ(choice(m, 8191), "sm90_s8_64x64x256_1x8_ws");
    EXPECT_EQ(choice(m, 8192), "sm90_s8_64x128x256_1x4_ws");
  }
  for (const std::int64_t m : {33, 64}) EXPECT_EQ(choice(m, 28672), "sm90_s8_64x64x256_1x1_ws");
  for (const std::int64_t m : {65, 128}) EXPECT_EQ(choice(m, 4096), "sm90_s8_64x128x128_2x1_pingpong");
  for (const std::int64_t m : {129, 16384}) EXPECT_EQ(choice(m, 4096), "sm90_s8_128x128x128_2x1_pingpong");
}

TEST(ReferenceChoice, Fp8OnHopper) {
  EXPECT_EQ(e4m3(1, 1280), "sm90_e4m3_64x16x256_1x2_ws_swap");
  EXPECT_EQ(e4m3(16, 1281), "sm90_e4m3_64x16x256_1x1_ws_swap");
  EXPECT_EQ(e4m3(17, 1280), "sm90_e4m3_64x16x256_1x4_ws_swap");
  EXPECT_EQ(e4m3(64, 4096), "sm90_e4m3_64x64x256_1x1_ws_swap");
  EXPECT_EQ(e4m3(65, 4096), "sm90_e4m3_64x128x128_2x1_pingpong");
  EXPECT_EQ(e4m3(129, 4096), "sm90_e4m3_128x128x128_2x1_pingpong");
}

TEST(ReferenceChoice, Int8OnAmpere) {
  const auto choice = [](std::int64_t m, std::int64_t n) { return s8(80, ampere_shared, m, n); };
  EXPECT_EQ(choice(16, 4096), "sm80_s8_16x64x128_5stages");
  EXPECT_EQ(choice(17, 4096), "sm80_s8_32x64x128_5stages");
  EXPECT_EQ(choice(33, 28672), "sm80_s8_64x128x128_5stages");
  EXPECT_EQ(choice(65, 8191), "sm80_s8_64x128x128_5stages");
  EXPECT_EQ(choice(65, 8192), "sm80_s8_128x128x64_5stages");
  EXPECT_EQ(choice(129, 64), "sm80_s8_128x128x64_5stages");
}

TEST(ReferenceChoice, FallsBackWhereSharedMemoryIsShort) {
  // 5·(64 + 128)·128 bytes are more than the 99 KiB of an 8.6 block; 5·(128 + 128)·64 are less.
  EXPECT_EQ(s8(86, ada_shared, 64, 4096), "sm80_s8_32x64x128_5stages");
  EXPECT_EQ(s8(86, ada_shared, 256, 4096), "sm80_s8_128x128x64_5stages");
  EXPECT_EQ(s8(86, 5 * 192 * 128, 64, 4096), "sm80_s8_64x128x128_5stages");
  EXPECT_EQ(s8(86, 5 * 192 * 128 - 1, 64, 4096), "sm80_s8_32x64x128_5stages");
}

TEST(ReferenceChoice, Int8OnAda) {
  const auto choice = [](std::int64_t m, std::int64_t n) { return s8(89, ada_shared, m, n); };
  const std::string small = "sm80_s8_64x64x128_5stages", wide = "sm80_s8_64x128x128_3stages",
                    square = "sm80_s8_128x128x64_5stages", tall = "sm80_s8_256x128x64_3stages";
  EXPECT_EQ(choice(16, 8192), "sm80_s8_16x64x128_5stages");
  EXPECT_EQ(choice(16, 8193), "sm80_s8_16x128x128_4stages");
  EXPECT_EQ(choice(32, 8192), "sm80_s8_32x64x128_5stages");
  EXPECT_EQ(choice(17, 28672), "sm80_s8_32x128x128_4stages");
  EXPECT_EQ(choice(64, 5000), small);
  EXPECT_EQ(choice(64, 28672), wide);
  EXPECT_EQ(choice(128, 8192), wide);
  EXPECT_EQ(choice(128, 8200), square);  // rounded up to 16384
  EXPECT_EQ(choice(128, 28672), small);
  EXPECT_EQ(choice(256, 4096), wide);
  EXPECT_EQ(choice(256, 6144), square);
  EXPECT_EQ(choice(256, 14336), tall);
  EXPECT_EQ(choice(256, 28672), square);
  EXPECT_EQ(choice(257, 4096), square);
  EXPECT_EQ(choice(257, 6144), tall);
  EXPECT_EQ(choice(257, 14336), square);
  EXPECT_EQ(choice(257, 28672), tall);
}

TEST(ReferenceChoice, RefusesWhatHasNoTable) {
  EXPECT_THROW(reference_choice(DType::e4m3, 89, ada_shared, 16, 4096), Unavailable);
  EXPECT_THROW(reference_choice(DType::bf16, 90, hopper_shared, 16, 4096), Unavailable);
  EXPECT_THROW(s8(75, 65536, 16, 4096), Unavailable);
  EXPECT_THROW(s8(100, hopper_shared, 16, 4096), Unavailable);
  EXPECT_THROW(s8(90, hopper_shared, 0, 4096), InvalidInput);
}

}  // namespace
}  // namespace qgemm::kernels
