#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

#include "device_copies.hpp"
#include "gpu_test.hpp"
#include "operands/cuda/device_operands.hpp"
#include "operands/random_operands.hpp"
#include "quantize/cuda/device_quantize.hpp"
#include "test_seed.hpp"

namespace qgemm {
namespace {

using testing::on_host;
using testing::same_bits;
using testing::test_seed;

class DeviceOperandsTest : public testing::GpuTest {};

struct Size {
  std::int64_t rows, cols;
};
constexpr Size sizes[] = {{1, 1},     {1, 3},     {3, 4},     {2, 5},       {5, 7},
                          {7, 8},     {33, 2047}, {17, 2048}, {9, 2049},    {3, 4104},
                          {40, 6151}, {1, 57344}, {4099, 24}, {2000, 1001}, {512, 4096}};

TEST_F(DeviceOperandsTest, AreTheBitsOfTheCpu) {
  std::mt19937_64 rng(test_seed());
  for (const Size& size : sizes) {
    for (const DataKind kind : {DataKind::normal, DataKind::outlier, DataKind::zeros}) {
      const std::uint64_t seed = rng();
      SCOPED_TRACE(::testing::Message() << size.rows << " x " << size.cols << ", kind " << static_cast<int>(kind)
                                        << ", seed " << seed << " of QGEMM_TEST_SEED=" << test_seed());
      EXPECT_TRUE(same_bits(random_weights(size.rows, size.cols, kind, seed),
                            on_host(cuda::random_weights(size.rows, size.cols, kind, seed, stream()).view())));
      EXPECT_TRUE(same_bits(random_activations(size.rows, size.cols, kind, seed),
                            on_host(cuda::random_activations(size.rows, size.cols, kind, seed, stream()).view())));
    }
  }
}

// Twelve million elements have some 360 in the outermost slices, which a table of their own makes.
TEST_F(DeviceOperandsTest, AreTheBitsOfTheCpuInTheTails) {
  const std::uint64_t seed = test_seed();
  EXPECT_TRUE(same_bits(random_weights(3000, 4096, DataKind::normal, seed),
                        on_host(cuda::random_weights(3000, 4096, DataKind::normal, seed, stream()).view())))
      << "QGEMM_TEST_SEED=" << seed;
}

TEST_F(DeviceOperandsTest, BiasIsTheCpusWithZerosBehind) {
  for (const std::int64_t n : {1, 15, 16, 4097}) {
    for (const DType output : {DType::bf16, DType::f16, DType::f32}) {
      const std::uint64_t seed = test_seed() + static_cast<std::uint64_t>(n);
      std::vector<float> expected = random_bias(n, DataKind::normal, output, seed);
      expected.resize(static_cast<std::size_t>(cuda::padded(n)));
      const cuda::DeviceBuffer bias = cuda::random_bias(n, DataKind::normal, output, seed, stream());
      std::vector<float> actual(bias.size() / sizeof(float));
      cuda::check(cudaMemcpy(actual.data(), bias.data(), bias.size(), cudaMemcpyDeviceToHost));
      EXPECT_EQ(actual, expected) << n << ", seed " << seed;
    }
  }
}

}  // namespace
}  // namespace qgemm
