#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "accuracy/cuda/device_hash.hpp"
#include "accuracy/cuda/device_sample.hpp"
#include "accuracy/metrics.hpp"
#include "device_copies.hpp"
#include "gpu_test.hpp"
#include "qgemm/error.hpp"
#include "random_matrix.hpp"
#include "test_seed.hpp"

namespace qgemm {
namespace {

using testing::on_device;
using testing::random_matrix;
using testing::test_seed;
using testing::Values;

class DeviceSampleTest : public testing::GpuTest {
 protected:
  Matrix random_bytes(DType type, std::int64_t rows, std::int64_t cols) {
    Matrix out(type, rows, cols);
    for (std::size_t i = 0; i < out.bytes(); ++i)
      static_cast<std::uint8_t*>(out.data())[i] = static_cast<std::uint8_t>(rng_());
    return out;
  }
  std::uint64_t hash(const cuda::DeviceView& d) {
    const cuda::DeviceBuffer out(sizeof(std::uint64_t));
    cuda::enqueue_hash(d, out.as<std::uint64_t>(), stream());
    cuda::check(cudaStreamSynchronize(stream()));
    std::uint64_t value = 0;
    cuda::check(cudaMemcpy(&value, out.data(), sizeof(value), cudaMemcpyDeviceToHost));
    return value;
  }
  std::mt19937_64 rng_{test_seed()};
};

TEST_F(DeviceSampleTest, ElementsAreThoseOfTheMatrix) {
  for (const DType type : {DType::f32, DType::bf16, DType::f16, DType::s8}) {
    const Matrix d = type == DType::s8 ? random_bytes(type, 70, 91) : random_matrix(rng_, type, 70, 91, Values::normal);
    const Sample sample = choose_sample({70, 91, 1}, rng_(), 300);
    EXPECT_EQ(cuda::sampled(on_device(d.view(), 96).view(), sample, stream()), sampled(d.view(), sample));
  }
  Matrix sums(DType::s32, 1, 2);
  sums.row<std::int32_t>(0)[0] = 2'147'483'647;
  sums.row<std::int32_t>(0)[1] = -16'777'217;
  EXPECT_EQ(cuda::sampled(on_device(sums.view()).view(), {{0}, {0, 1}}, stream()),
            (std::vector<double>{2147483647.0, -16777217.0}));
  EXPECT_THROW(cuda::sampled(on_device(sums.view()).view(), {{0}, {2}}, stream()), InvalidInput);
}

TEST_F(DeviceSampleTest, ProductsAreThoseInFloat64) {
  constexpr std::int64_t m = 37, n = 53, k = 333;
  const Sample sample = choose_sample({m, n, k}, rng_(), 200);
  std::vector<float> bias;
  for (std::int64_t i = 0; i < n; ++i) bias.push_back(static_cast<float>(i) - 20.5F);
  const cuda::DeviceBuffer device_bias = on_device(bias);
  for (const auto& [a_type, w_type] :
       {std::pair{DType::bf16, DType::bf16}, std::pair{DType::f16, DType::f32}, std::pair{DType::f32, DType::bf16}}) {
    const Matrix a = random_matrix(rng_, a_type, m, k, Values::normal);
    const Matrix w = random_matrix(rng_, w_type, n, k, Values::outliers);
    for (const bool biased : {false, true}) {
      const auto expected = float_truth(a.view(), w.view(), biased ? bias : std::vector<float>{}, sample);
      const auto actual = cuda::sampled_product(on_device(a.view(), 340).view(), on_device(w.view()).view(),
                                                biased ? device_bias.as<float>() : nullptr, sample, stream());
      ASSERT_EQ(actual.size(), expected.size());
      for (std::size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 1e-9);
    }
  }
}

TEST_F(DeviceSampleTest, SumsAreExactAtTheEndsOfInt8) {
  constexpr std::int64_t m = 5, n = 6, k = 131'071;
  Matrix a = random_bytes(DType::s8, m, k), w = random_bytes(DType::s8, n, k);
  for (std::int64_t i = 0; i < k; ++i) a.row<std::int8_t>(1)[i] = w.row<std::int8_t>(2)[i] = -128;
  const Sample sample{{0, 1, 4}, {0, 2, 5}};
  const auto actual = cuda::sampled_sums(on_device(a.view()).view(), on_device(w.view()).view(), sample, stream());
  std::vector<std::int64_t> expected;
  for (const std::int64_t row : sample.rows) {
    for (const std::int64_t col : sample.cols) {
      std::int64_t sum = 0;
      for (std::int64_t i = 0; i < k; ++i) sum += a.row<std::int8_t>(row)[i] * w.row<std::int8_t>(col)[i];
      expected.push_back(sum);
    }
  }
  EXPECT_EQ(actual, expected) << "QGEMM_TEST_SEED=" << test_seed();
}

TEST_F(DeviceSampleTest, RowsArriveInTheOrderAsked) {
  const Matrix all = random_bytes(DType::e4m3, 9, 31);
  const Matrix rows = cuda::download_rows(on_device(all.view(), 48).view(), {8, 0, 8, 3}, stream());
  ASSERT_EQ(rows.rows(), 4);
  for (const auto& [to, from] : {std::pair{0, 8}, {1, 0}, {2, 8}, {3, 3}}) {
    EXPECT_EQ(std::memcmp(rows.row<std::uint8_t>(to), all.row<std::uint8_t>(from), 31), 0) << to;
  }
  EXPECT_THROW(cuda::download_rows(on_device(all.view()).view(), {9}, stream()), InvalidInput);
}

TEST_F(DeviceSampleTest, HashesTellMatricesApartAndNotStrides) {
  for (const DType type : {DType::bf16, DType::f32, DType::e4m3}) {
    for (const auto& [rows, cols] : {std::pair{1, 1}, {3, 7}, {17, 128}, {5, 4096}, {64, 4099}}) {
      SCOPED_TRACE(::testing::Message() << name(type) << " " << rows << " x " << cols
                                        << ", QGEMM_TEST_SEED=" << test_seed());
      Matrix d = random_bytes(type, rows, cols);
      const std::uint64_t plain = hash(on_device(d.view()).view());
      EXPECT_EQ(hash(on_device(d.view()).view()), plain);
      EXPECT_EQ(hash(on_device(d.view(), cols + 1).view()), plain);
      EXPECT_EQ(hash(on_device(d.view(), cols + 48).view()), plain);
      auto* bytes = static_cast<std::uint8_t*>(d.data());
      std::set<std::uint64_t> seen{plain};
      std::set<std::size_t> places{0, d.bytes() - 1, rng_() % d.bytes()};
      for (const std::size_t i : places) {
        bytes[i] ^= 0x10U;
        EXPECT_TRUE(seen.insert(hash(on_device(d.view()).view())).second) << "byte " << i;
        bytes[i] ^= 0x10U;
      }
      if (rows > 1) {  // rows that change places
        std::swap_ranges(bytes, bytes + d.bytes() / static_cast<std::size_t>(rows),
                         bytes + d.bytes() / static_cast<std::size_t>(rows));
        EXPECT_TRUE(seen.insert(hash(on_device(d.view()).view())).second);
      }
    }
  }
}

}  // namespace
}  // namespace qgemm
