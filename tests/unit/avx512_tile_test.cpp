// Each kernel's tile against the plain sum, as far as this CPU can run it.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "avx512_tile_check.hpp"
#include "engines/avx512/tile_kernels.hpp"
#include "test_seed.hpp"

namespace qgemm::avx512 {
namespace {

std::vector<std::string> names() {
  std::vector<std::string> list;
  for (const auto name : kernel_names()) list.emplace_back(name);
  return list;
}

class Avx512Tile : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    kernel_ = find_kernel(GetParam(), cpu_features());
    if (kernel_ == nullptr) GTEST_SKIP() << "this CPU, or what QGEMM_ISA leaves of it, cannot run " << GetParam();
  }

  const TileKernel* kernel_ = nullptr;
  std::mt19937_64 rng_{testing::test_seed()};
};

TEST_P(Avx512Tile, SumsAreExactForEveryHeight) {
  for (int rows = 1; rows <= kernel_->rows; ++rows) {
    for (const std::int64_t chunks : {1, 2, 5}) {
      for (const bool from_sums : {false, true}) {
        check_tile(*kernel_, rows, chunks, from_sums, Bytes::any, rows % 3 == 0 ? rows : 0, rng_);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(Avx512Tile, LargestBytesDoNotSaturate) {
  for (const Bytes bytes : {Bytes::largest_positive, Bytes::largest_negative}) {
    for (const std::int64_t chunks : {1, 300}) {
      check_tile(*kernel_, kernel_->rows, chunks, false, bytes, 0, rng_);
      if (HasFatalFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, Avx512Tile, ::testing::ValuesIn(names()),
                         [](const auto& param_info) { return param_info.param; });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Avx512Tile);

TEST(Avx512Kernels, FollowTheFeatures) {
  if (kernel_names().empty()) GTEST_SKIP() << "no x86-64";
  EXPECT_EQ(best_kernel({}), nullptr);
  CpuFeatures has;
  has.avx2 = true;
  EXPECT_STREQ(best_kernel(has)->name, "avx2");
  has.avx_vnni = true;
  EXPECT_STREQ(best_kernel(has)->name, "avx2_vnni");
  has.avx512 = true;
  EXPECT_STREQ(best_kernel(has)->name, "avx2_vnni");
  has.avx512_vnni = true;
  EXPECT_STREQ(best_kernel(has)->name, "avx512_vnni");
  EXPECT_EQ(find_kernel("avx512_vnni", {}), nullptr);
  EXPECT_EQ(find_kernel("no such kernel", has), nullptr);
  EXPECT_STREQ(find_kernel("avx2", has)->name, "avx2");
}

}  // namespace
}  // namespace qgemm::avx512
