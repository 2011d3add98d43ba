#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>

#include "gpu_test.hpp"
#include "placed_copy.hpp"
#include "qgemm/error.hpp"
#include "quantize/cuda/device_quantize.hpp"
#include "quantize/reference.hpp"
#include "quantize/weights.hpp"
#include "random_matrix.hpp"
#include "test_seed.hpp"

namespace qgemm {
namespace {

using testing::on_host;
using testing::placed;
using testing::random_matrix;
using testing::test_seed;
using testing::Values;

constexpr DType input_types[] = {DType::f32, DType::bf16, DType::f16};

using GpuWeights = testing::GpuTest;

/// Bit for bit; zeros in all padding.
void expect_equal(const cuda::DeviceQuantizedWeights& actual, const QuantizedWeights& expected) {
  const std::int64_t n = expected.values.rows(), k = expected.values.cols();
  ASSERT_EQ(actual.n, n);
  ASSERT_EQ(actual.k, k);
  const Matrix values = on_host(actual.values.view());
  ASSERT_EQ(values.rows(), cuda::padded(n));
  ASSERT_EQ(values.cols(), cuda::padded(k));
  for (std::int64_t r = 0; r < values.rows(); ++r) {
    for (std::int64_t c = 0; c < values.cols(); ++c) {
      const int wanted = r < n && c < k ? expected.values.row<std::uint8_t>(r)[c] : 0;
      ASSERT_EQ(values.row<std::uint8_t>(r)[c], wanted) << "at " << r << "," << c;
    }
  }
  auto scales = expected.scales;
  if (actual.granularity == ScaleGranularity::per_channel) scales.resize(static_cast<std::size_t>(cuda::padded(n)));
  ASSERT_EQ(on_host<float>(actual.scales), scales);
  auto colsum = expected.colsum;
  if (!colsum.empty()) colsum.resize(static_cast<std::size_t>(cuda::padded(n)));
  ASSERT_EQ(on_host<std::int32_t>(actual.colsum), colsum);
}

TEST_F(GpuWeights, MatchTheReference) {
  SCOPED_TRACE("QGEMM_TEST_SEED=" + std::to_string(test_seed()));
  std::mt19937_64 rng(test_seed());
  for (const DType code : {DType::s8, DType::e4m3}) {
    for (const DType type : input_types) {
      for (int round = 0; round < 12; ++round) {
        const auto n = static_cast<std::int64_t>(1 + rng() % 300);
        auto k = static_cast<std::int64_t>(1 + rng() % 600);
        if (round % 2 == 0) k = (k + 7) / 8 * 8;
        const Matrix w = random_matrix(rng, type, n, k, static_cast<Values>(rng() % testing::value_kinds));
        const auto input = placed(w, round % 3 == 0 ? k + 8 : 0);
        for (const auto granularity : {ScaleGranularity::per_tensor, ScaleGranularity::per_channel}) {
          for (const auto source : {ScaleSource::absmax, ScaleSource::constant}) {
            SCOPED_TRACE(std::string(name(code)) + " from " + std::string(name(type)) + " " + std::to_string(n) +
                         " × " + std::to_string(k));
            const auto actual = cuda::quantize_weights(input.view, code, granularity, source, stream());
            ASSERT_NO_FATAL_FAILURE(
                expect_equal(actual, reference::quantize_weights(w.view(), granularity, source, code)));
          }
        }
      }
    }
  }
}

TEST_F(GpuWeights, AreUploadedAsTheyAre) {
  std::mt19937_64 rng(test_seed());
  for (const DType code : {DType::s8, DType::e4m3}) {
    for (const auto granularity : {ScaleGranularity::per_tensor, ScaleGranularity::per_channel}) {
      const Matrix w = random_matrix(rng, DType::f32, 37, 91, Values::outliers);
      const auto expected = reference::quantize_weights(w.view(), granularity, ScaleSource::absmax, code);
      const auto actual = cuda::upload_weights(expected);
      EXPECT_EQ(actual.granularity, granularity);
      expect_equal(actual, expected);
    }
  }
}

TEST_F(GpuWeights, NameTheRowThatIsNotFinite) {
  std::mt19937_64 rng(test_seed());
  for (const DType type : input_types) {
    for (const std::int64_t k : {64, 65}) {
      Matrix w = random_matrix(rng, type, 50, k, Values::normal);
      set_element(w.view(), 31, 5, std::numeric_limits<float>::quiet_NaN());
      set_element(w.view(), 40, 6, std::numeric_limits<float>::infinity());
      const auto input = placed(w);
      for (const auto granularity : {ScaleGranularity::per_tensor, ScaleGranularity::per_channel}) {
        try {
          cuda::quantize_weights(input.view, DType::s8, granularity, ScaleSource::absmax, stream());
          FAIL() << "NaN went unnoticed";
        } catch (const InvalidInput& error) {
          EXPECT_NE(std::string(error.what()).find("weights hold NaN or infinity in row 31:"), std::string::npos)
              << error.what();
        }
      }
    }
  }
}

TEST_F(GpuWeights, ConvertAsTheCpuDoes) {
  SCOPED_TRACE("QGEMM_TEST_SEED=" + std::to_string(test_seed()));
  std::mt19937_64 rng(test_seed());
  for (const DType from : input_types) {
    for (const DType to : input_types) {
      for (const auto& [cols, stride] : {std::pair{std::int64_t{129}, std::int64_t{0}}, {128, 0}, {64, 71}}) {
        Matrix x(from, 33, cols), expected(to, 33, cols);
        for (std::int64_t i = 0; i < 33 * cols; ++i) {
          do {
            std::uint32_t bits = static_cast<std::uint32_t>(rng());
            if (i % 4 == 0) bits &= 0xffff8000U;  // ties of bfloat16
            if (i % 4 == 1) bits &= 0xfffff000U;  // and of binary16
            if (i % 2 == 1) bits = (bits & 0x8fffffffU) | 0x30000000U;
            if (from == DType::f32) {
              x.row<std::uint32_t>(0)[i] = bits;
            } else {
              x.row<std::uint16_t>(0)[i] = static_cast<std::uint16_t>(bits >> 16U);
            }
          } while (std::isnan(element(x.view(), i / cols, i % cols)));
          set_element(expected.view(), i / cols, i % cols, element(x.view(), i / cols, i % cols));
        }
        const auto input = placed(x, stride);
        const cuda::DeviceMatrix output(to, 33, cols);
        cuda::enqueue_convert(input.view, output.view(), stream());
        cuda::check(cudaStreamSynchronize(stream()));
        const Matrix actual = on_host(output.view());
        for (std::int64_t i = 0; i < 33 * cols; ++i) {
          const auto bits = [&](const Matrix& m) {
            return to == DType::f32 ? m.row<std::uint32_t>(0)[i] : std::uint32_t{m.row<std::uint16_t>(0)[i]};
          };
          ASSERT_EQ(bits(actual), bits(expected))
              << name(from) << " to " << name(to) << " at " << i << " x=" << element(x.view(), i / cols, i % cols);
        }
      }
    }
  }
}

}  // namespace
}  // namespace qgemm
