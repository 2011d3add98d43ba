// The kernels for instructions that few CPUs have, on an emulation of these: see tile_emulation.hpp.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>

#include "avx512_tile_check.hpp"
#include "device/cpu_info.hpp"
#include "test_seed.hpp"

namespace qgemm::avx512 {

extern const TileKernel amx_int8_kernel, avx2_vnni_kernel;

namespace {

void check_all(const TileKernel& kernel) {
  if (!cpu_features().avx2) GTEST_SKIP() << "these files are compiled for AVX2 here";
  std::mt19937_64 rng(testing::test_seed());
  for (int rows = 1; rows <= kernel.rows; ++rows) {
    for (const std::int64_t chunks : {1, 3}) {
      for (const bool from_sums : {false, true}) {
        check_tile(kernel, rows, chunks, from_sums, Bytes::any, 1, rng);
        if (::testing::Test::HasFatalFailure()) return;
      }
    }
  }
  check_tile(kernel, kernel.rows, 40, false, Bytes::largest_positive, 0, rng);
  check_tile(kernel, kernel.rows, 40, false, Bytes::largest_negative, 0, rng);
}

TEST(Avx512Emulated, AmxInt8) { check_all(amx_int8_kernel); }

TEST(Avx512Emulated, Avx2Vnni) { check_all(avx2_vnni_kernel); }

}  // namespace
}  // namespace qgemm::avx512
