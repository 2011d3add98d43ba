#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <vector>

#include "accuracy/cuda/device_freivalds.hpp"
#include "accuracy/cuda/device_output_check.hpp"
#include "accuracy/freivalds.hpp"
#include "accuracy/output_check.hpp"
#include "device_copies.hpp"
#include "gpu_test.hpp"
#include "qgemm/error.hpp"
#include "quantize/reference.hpp"
#include "test_seed.hpp"

namespace qgemm {
namespace {

using testing::on_device;
using testing::padded_on_device;
using testing::test_seed;

enum class Bytes : std::uint8_t { any, lowest, highest };

/// An int8 product with its sums, on both sides.
struct Problem {
  Problem(std::mt19937_64& rng, std::int64_t m, std::int64_t n, std::int64_t k, bool many_scales = true,
          bool azp = false, Bytes bytes = Bytes::any) {
    const auto fill = [&](Matrix& x) {
      x = Matrix(DType::s8, x.rows(), x.cols());
      for (std::int64_t i = 0; i < x.rows() * x.cols(); ++i) {
        const int any = static_cast<int>(rng() % 256) - 128;
        x.row<std::int8_t>(0)[i] = static_cast<std::int8_t>(bytes == Bytes::any      ? any
                                                            : bytes == Bytes::lowest ? -128
                                                                                     : 127);
      }
    };
    std::uniform_real_distribution<float> scale(0.001F, 0.02F);
    a.values = Matrix(DType::s8, m, k);
    w.values = Matrix(DType::s8, n, k);
    fill(a.values);
    fill(w.values);
    for (std::int64_t i = 0; i < (many_scales ? m : 1); ++i) {
      a.scales.push_back(scale(rng));
      if (azp) a.azp.push_back(static_cast<std::int32_t>(rng() % 255) - 127);
    }
    for (std::int64_t i = 0; i < (many_scales ? n : 1); ++i) w.scales.push_back(scale(rng));
    for (std::int64_t i = 0; i < n; ++i) {
      std::int32_t sum = 0;
      for (std::int64_t j = 0; j < k; ++j) sum += w.values.row<std::int8_t>(i)[j];
      w.colsum.push_back(sum);
    }
    sums = Matrix(DType::s32, m, n);
    for (std::int64_t i = 0; i < m; ++i) {
      for (std::int64_t j = 0; j < n; ++j) {
        std::int32_t sum = 0;
        for (std::int64_t l = 0; l < k; ++l) sum += a.q(i, l) * w.values.row<std::int8_t>(j)[l];
        sums.row<std::int32_t>(i)[j] = sum;
      }
    }
    upload();
  }

  /// After a change of scales or zero points.
  void upload() {
    const std::int64_t n = w.values.rows(), k = w.values.cols();
    device_a.values = padded_on_device(a.values.view(), a.values.rows(), cuda::padded(k));
    device_a.k = k;
    device_a.scales = on_device(a.scales);
    device_a.azp = on_device(a.azp);
    device_w.n = n;
    device_w.k = k;
    device_w.values = padded_on_device(w.values.view(), cuda::padded(n), cuda::padded(k));
    device_w.granularity = w.scales.size() > 1 ? ScaleGranularity::per_channel : ScaleGranularity::per_tensor;
    std::vector<float> scales = w.scales;
    if (scales.size() > 1) scales.resize(static_cast<std::size_t>(cuda::padded(n)));
    device_w.scales = on_device(scales);
    device_w.colsum = on_device(w.colsum);
  }

  std::span<const std::int32_t> sum_span() const {
    return {sums.row<std::int32_t>(0), static_cast<std::size_t>(sums.rows() * sums.cols())};
  }
  Epilogue epilogue(const std::vector<float>& bias) const { return {a.scales, w.scales, a.azp, w.colsum, bias}; }

  /// D as the plain reference has it.
  Matrix result(DType type, const std::vector<float>& bias) const {
    Matrix d(type, sums.rows(), sums.cols());
    for (std::int64_t m = 0; m < d.rows(); ++m) {
      for (std::int64_t n = 0; n < d.cols(); ++n) {
        set_element(d.view(), m, n, reference::dequantized(sums.row<std::int32_t>(m)[n], m, n, epilogue(bias)));
      }
    }
    return d;
  }

  QuantizedActivations a;
  QuantizedWeights w;
  Matrix sums;
  cuda::DeviceActivations device_a;
  cuda::DeviceQuantizedWeights device_w;
};

class DeviceIntegerChecksTest : public testing::GpuTest {
 protected:
  std::vector<float> random_bias(std::int64_t n, DType type) {
    std::normal_distribution<float> normal(0, 50);
    Matrix bias(type, 1, n);
    std::vector<float> out;
    for (std::int64_t i = 0; i < n; ++i) {
      set_element(bias.view(), 0, i, normal(rng_));
      out.push_back(element(bias.view(), 0, i));
    }
    return out;
  }
  std::mt19937_64 rng_{test_seed()};
};

struct Size {
  std::int64_t m, n, k;
};
constexpr Size sizes[] = {{1, 1, 1},       {3, 5, 7},     {4, 16, 16},      {65, 129, 300}, {257, 64, 1000},
                          {2, 1028, 2050}, {7, 2049, 33}, {130, 260, 1024}, {1, 300, 4099}};

TEST_F(DeviceIntegerChecksTest, FreivaldsPassesProductsAndNamesTheRowOfASingleWrongBit) {
  for (const Size& size : sizes) {
    for (const Bytes bytes : {Bytes::any, Bytes::lowest, Bytes::highest}) {
      SCOPED_TRACE(::testing::Message() << size.m << " x " << size.n << " x " << size.k << ", bytes "
                                        << static_cast<int>(bytes) << ", QGEMM_TEST_SEED=" << test_seed());
      Problem p(rng_, size.m, size.n, size.k, true, false, bytes);
      const cuda::DeviceFreivalds proof(p.device_w, rng_(), stream());
      const Freivalds host_proof(p.w.values.view(), rng_());
      const auto first_wrong = [&](std::int64_t stride) {
        return proof.first_wrong_row(p.device_a, on_device(p.sums.view(), stride).view(), stream());
      };
      EXPECT_FALSE(first_wrong(0).has_value());
      EXPECT_FALSE(first_wrong(size.n + 3).has_value());
      const std::int64_t rows[] = {0, size.m - 1,
                                   static_cast<std::int64_t>(rng_() % static_cast<std::uint64_t>(size.m))};
      const std::int64_t cols[] = {0, size.n - 1,
                                   static_cast<std::int64_t>(rng_() % static_cast<std::uint64_t>(size.n))};
      for (const std::int64_t m : rows) {
        for (const std::int64_t n : cols) {
          const std::int32_t bit = std::int32_t{1} << (rng_() % 31);
          p.sums.row<std::int32_t>(m)[n] ^= bit;
          EXPECT_EQ(first_wrong(0), m) << "column " << n << ", bit " << bit;
          EXPECT_EQ(host_proof.first_wrong_row(p.a, p.sum_span()), m);
          p.sums.row<std::int32_t>(m)[n] ^= bit;
        }
      }
    }
  }
}

TEST_F(DeviceIntegerChecksTest, FreivaldsNamesTheFirstOfManyRowsAndRefusesWhatDoesNotFit) {
  Problem p(rng_, 100, 48, 64);
  const cuda::DeviceFreivalds proof(p.device_w, rng_(), stream());
  for (const std::int64_t m : {99, 41, 40, 63}) p.sums.row<std::int32_t>(m)[7] += 1;
  EXPECT_EQ(proof.first_wrong_row(p.device_a, on_device(p.sums.view()).view(), stream()), 40);
  const Problem other(rng_, 100, 49, 64);
  EXPECT_THROW(proof.first_wrong_row(p.device_a, on_device(other.sums.view()).view(), stream()), InvalidInput);
  const Problem shorter(rng_, 100, 48, 63);
  EXPECT_THROW(proof.first_wrong_row(shorter.device_a, on_device(p.sums.view()).view(), stream()), InvalidInput);
}

TEST_F(DeviceIntegerChecksTest, OutputsOfEveryTypeAndSchemePassAndAWrongOneIsNamed) {
  for (const Size& size : {Size{1, 1, 3}, Size{5, 7, 20}, Size{33, 1031, 48}, Size{9, 2052, 64}, Size{70, 64, 100}}) {
    for (int variant = 0; variant < 8; ++variant) {
      const bool many = (variant & 1) != 0, azp = (variant & 2) != 0, biased = (variant & 4) != 0;
      const Problem p(rng_, size.m, size.n, size.k, many, azp);
      const cuda::DeviceMatrix sums = on_device(p.sums.view());
      for (const DType type : {DType::bf16, DType::f16, DType::f32}) {
        SCOPED_TRACE(::testing::Message() << size.m << " x " << size.n << ", variant " << variant << ", " << name(type)
                                          << ", QGEMM_TEST_SEED=" << test_seed());
        const std::vector<float> bias = biased ? random_bias(size.n, type) : std::vector<float>{};
        const cuda::DeviceBuffer device_bias = on_device(bias);
        Matrix d = p.result(type, bias);
        const auto check = [&](std::int64_t stride) {
          return cuda::first_wrong_output(on_device(d.view(), stride).view(), sums.view(), p.device_a, p.device_w,
                                          device_bias.as<float>(), stream());
        };
        EXPECT_FALSE(check(0).has_value());
        EXPECT_FALSE(check(size.n + 5).has_value());
        const std::int64_t m = static_cast<std::int64_t>(rng_() % static_cast<std::uint64_t>(size.m));
        for (const std::int64_t n : {std::int64_t{0}, size.n - 1}) {
          const float right = element(d.view(), m, n);
          for (const float wrong : {right * 1.5F + (right < 0 ? -1.0F : 1.0F), std::numeric_limits<float>::quiet_NaN(),
                                    std::numeric_limits<float>::infinity()}) {
            set_element(d.view(), m, n, wrong);
            const auto expected = first_wrong_output(d.view(), p.sum_span(), p.epilogue(bias)), actual = check(0);
            ASSERT_TRUE(actual.has_value() && expected.has_value());
            EXPECT_EQ(actual->m, m);
            EXPECT_EQ(actual->n, n);
            EXPECT_EQ(std::bit_cast<std::uint32_t>(actual->expected), std::bit_cast<std::uint32_t>(expected->expected));
            EXPECT_TRUE(actual->actual == expected->actual || std::isnan(wrong));
          }
          set_element(d.view(), m, n, right);
        }
      }
    }
  }
}

/// The next value of D's type, up or down.
void step(Matrix& d, std::int64_t m, std::int64_t n, bool up) {
  const int by = up ? 1 : -1;
  if (d.dtype() == DType::f32) {
    d.row<std::uint32_t>(m)[n] += static_cast<std::uint32_t>(by);
  } else {
    d.row<std::uint16_t>(m)[n] = static_cast<std::uint16_t>(d.row<std::uint16_t>(m)[n] + by);
  }
}

// Right up to the tolerance's edge, and past the range of floats, both sides decide alike.
TEST_F(DeviceIntegerChecksTest, DecidesAsTheCpuDoes) {
  for (int trial = 0; trial < 60; ++trial) {
    const bool biased = trial % 2 == 0;
    Problem p(rng_, 6, 37, 64, trial % 3 != 0, trial % 4 < 2);
    const DType type = trial % 5 < 2 ? DType::bf16 : trial % 5 < 4 ? DType::f16 : DType::f32;
    const float factors[] = {1, 0x1p120F, 0x1p-120F, 1e4F, 0, std::numeric_limits<float>::infinity()};
    for (float& scale : p.a.scales) scale *= factors[rng_() % 6];
    for (std::int32_t& azp : p.a.azp) azp = static_cast<std::int32_t>(rng_() % (1U << 31U)) - (1 << 30);
    p.upload();
    std::vector<float> bias = biased ? random_bias(37, type) : std::vector<float>{};
    const cuda::DeviceBuffer device_bias = on_device(bias);
    Matrix d = p.result(type, bias);
    for (int change = 0; change < 200; ++change) {
      const auto m = static_cast<std::int64_t>(rng_() % 6), n = static_cast<std::int64_t>(rng_() % 37);
      const Matrix before = p.result(type, bias);
      step(d, m, n, rng_() % 2 == 0);
      const auto expected = first_wrong_output(d.view(), p.sum_span(), p.epilogue(bias));
      if (change % 10 != 0) {
        if (expected) set_element(d.view(), expected->m, expected->n, element(before.view(), expected->m, expected->n));
        continue;
      }
      const auto actual = cuda::first_wrong_output(on_device(d.view()).view(), on_device(p.sums.view()).view(),
                                                   p.device_a, p.device_w, device_bias.as<float>(), stream());
      ASSERT_EQ(actual.has_value(), expected.has_value()) << "trial " << trial << ", QGEMM_TEST_SEED=" << test_seed();
      if (!actual) continue;
      EXPECT_EQ(actual->m, expected->m) << "trial " << trial << ", QGEMM_TEST_SEED=" << test_seed();
      EXPECT_EQ(actual->n, expected->n) << "trial " << trial << ", QGEMM_TEST_SEED=" << test_seed();
      set_element(d.view(), expected->m, expected->n, element(before.view(), expected->m, expected->n));
    }
  }
}

}  // namespace
}  // namespace qgemm
