// The library's products: make_runner, scaled_mm, scaled_mm_azp.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>

#include "qgemm/error.hpp"
#include "qgemm/quantize.hpp"
#include "qgemm/runner.hpp"
#include "qgemm/scaled_mm.hpp"
#include "random_matrix.hpp"
#include "test_seed.hpp"

namespace qgemm {
namespace {

using testing::random_matrix;
using testing::test_seed;
using testing::Values;

double truth(const Matrix& a, const Matrix& w, std::int64_t m, std::int64_t n) {
  double sum = 0;
  for (std::int64_t k = 0; k < a.cols(); ++k) {
    sum += static_cast<double>(element(a.view(), m, k)) * static_cast<double>(element(w.view(), n, k));
  }
  return sum;
}

TEST(Runner, MultipliesWhateverTheProvider) {
  std::mt19937_64 rng(test_seed());
  const Matrix a = random_matrix(rng, DType::bf16, 7, 200, Values::normal),
               w = random_matrix(rng, DType::bf16, 45, 200, Values::normal);
  for (const char* provider : {"torch-bf16", "f32", "int8-tensor-w-tensor-a", "int8-channel-w-token-a",
                               "int8-channel-w-token-a-azp-noquant"}) {
    for (const char* engine : {"auto", "reference"}) {
      Runner runner = make_runner(provider, a.view(), w.view(), {.engine = engine, .output = DType::f32});
      runner();
      ASSERT_EQ(runner.output().rows, 7);
      ASSERT_EQ(runner.output().cols, 45);
      EXPECT_FALSE(runner.kernel().empty());
      EXPECT_EQ(runner.activation_scales().empty(), std::string(provider).find("int8") == std::string::npos);
      double error = 0, signal = 0;
      for (std::int64_t m = 0; m < 7; ++m) {
        for (std::int64_t n = 0; n < 45; ++n) {
          const double expected = truth(a, w, m, n);
          error += std::pow(static_cast<double>(element(runner.output(), m, n)) - expected, 2);
          signal += expected * expected;
        }
      }
      EXPECT_LT(std::sqrt(error / signal), 0.03) << provider << " " << engine;
    }
  }
}

TEST(Runner, ReadsTheActivationsAgainAtEachCall) {
  std::mt19937_64 rng(test_seed());
  Matrix a = random_matrix(rng, DType::bf16, 2, 64, Values::normal);
  const Matrix w = random_matrix(rng, DType::bf16, 8, 64, Values::normal);
  Runner runner = make_runner("int8-channel-w-token-a", a.view(), w.view());
  runner();
  const float before = element(runner.output(), 0, 0);
  for (std::int64_t k = 0; k < 64; ++k) set_element(a.view(), 0, k, 2 * element(a.view(), 0, k));
  runner();
  EXPECT_EQ(element(runner.output(), 0, 0), 2 * before);
}

TEST(Runner, AddsTheBias) {
  std::mt19937_64 rng(test_seed());
  const Matrix a = random_matrix(rng, DType::f32, 2, 30, Values::normal),
               w = random_matrix(rng, DType::f32, 3, 30, Values::normal);
  Runner without = make_runner("int8-tensor-w-token-a", a.view(), w.view(), {.output = DType::f32});
  Runner with = make_runner("int8-tensor-w-token-a", a.view(), w.view(), {.output = DType::f32, .bias = {1, 2, 4}});
  without();
  with();
  for (std::int64_t m = 0; m < 2; ++m) {
    for (std::int64_t n = 0; n < 3; ++n) {
      EXPECT_NEAR(element(with.output(), m, n), element(without.output(), m, n) + static_cast<float>(1 << n), 1e-5F);
    }
  }
}

TEST(Runner, RefusesWhatDoesNotFit) {
  const Matrix a(DType::bf16, 2, 8), w(DType::bf16, 3, 8), other(DType::bf16, 3, 9), ints(DType::s8, 3, 8);
  std::memset(a.data(), 0, a.bytes());
  std::memset(w.data(), 0, w.bytes());
  EXPECT_THROW(make_runner("int8", a.view(), w.view()), InvalidInput);
  EXPECT_THROW(make_runner("bf16", a.view(), other.view()), InvalidInput);
  EXPECT_THROW(make_runner("bf16", a.view(), ints.view()), InvalidInput);
  EXPECT_THROW(make_runner("bf16", a.view(), w.view(), {.engine = "mkl"}), InvalidInput);
  EXPECT_THROW(make_runner("bf16", a.view(), w.view(), {.output = DType::s8}), InvalidInput);
  EXPECT_THROW(make_runner("bf16", a.view(), w.view(), {.bias = {1, 2}}), InvalidInput);
  EXPECT_THROW(make_runner("bf16", {}, w.view()), InvalidInput);
  EXPECT_THROW(make_runner("fp8-tensor-w-tensor-a", a.view(), w.view()), Unavailable);
  Matrix broken(DType::bf16, 3, 8);
  std::memset(broken.data(), 0xff, broken.bytes());  // NaN
  EXPECT_THROW(make_runner("int8-channel-w-token-a", a.view(), broken.view()), InvalidInput);
  EXPECT_THROW(make_runner("int8-tensor-w-tensor-a", broken.view(), w.view()), InvalidInput);
}

TEST(Runner, SaysWhatDoesNotFit) {
  const auto message = [](const char* provider, std::int64_t k_a, std::int64_t k_w, DType output) {
    const Matrix a(DType::bf16, 1, k_a), w(DType::bf16, 1, k_w);
    try {
      make_runner(provider, a.view(), w.view(), {.output = output});
    } catch (const InvalidInput& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  EXPECT_EQ(message("bf16", 8, 9, DType::bf16),
            "activations with K=8 do not fit weights with K=9: A is [M,K] and W is [N,K]");
  EXPECT_EQ(message("bf16", 8, 8, DType::s8), "a product cannot be s8: use bf16, f16 or f32");
  EXPECT_EQ(
      message("int8-channel-w-token-a", 133'145, 133'145, DType::bf16),
      "K=133145 is past 133144, the largest whose int32 sums cannot overflow for int8-channel-w-token-a: split K");
}

TEST(ScaledMm, IsTheDefinition) {
  std::mt19937_64 rng(test_seed());
  const auto ints = [&](std::int64_t rows, std::int64_t cols) {
    Matrix x(DType::s8, rows, cols);
    for (std::int64_t i = 0; i < rows * cols; ++i)
      x.row<std::int8_t>(0)[i] = static_cast<std::int8_t>(static_cast<int>(rng() % 256) - 128);
    return x;
  };
  const std::int64_t m_count = 5, n_count = 19, k_count = 77;
  const Matrix a = ints(m_count, k_count), w = ints(n_count, k_count);
  for (const bool token : {false, true}) {
    for (const bool channel : {false, true}) {
      for (const int azp_count : {0, 1, 5}) {
        std::vector<float> scale_a(token ? 5 : 1), scale_w(channel ? 19 : 1), bias(19);
        std::vector<std::int32_t> azp(static_cast<std::size_t>(azp_count));
        for (auto& x : scale_a) x = 0.001F * static_cast<float>(1 + rng() % 100);
        for (auto& x : scale_w) x = 0.001F * static_cast<float>(1 + rng() % 100);
        for (auto& x : bias) x = static_cast<float>(rng() % 10);
        for (auto& x : azp) x = static_cast<std::int32_t>(rng() % 256) - 128;
        Matrix d(DType::f32, m_count, n_count);
        scaled_mm_azp(a.view(), w.view(), scale_a, scale_w, azp, d.view(), bias);
        for (std::int64_t m = 0; m < m_count; ++m) {
          for (std::int64_t n = 0; n < n_count; ++n) {
            std::int64_t sum = 0;
            const std::int32_t zero = azp_count == 0 ? 0 : azp[azp_count == 1 ? 0 : static_cast<std::size_t>(m)];
            for (std::int64_t k = 0; k < k_count; ++k)
              sum += (a.row<std::int8_t>(m)[k] - zero) * static_cast<std::int64_t>(w.row<std::int8_t>(n)[k]);
            const float expected = scale_a[token ? static_cast<std::size_t>(m) : 0] *
                                       (scale_w[channel ? static_cast<std::size_t>(n) : 0] * static_cast<float>(sum)) +
                                   bias[static_cast<std::size_t>(n)];
            ASSERT_NEAR(d.row<float>(m)[n], expected, 1e-5F * (std::abs(expected) + 10))
                << token << channel << azp_count;
          }
        }
      }
    }
  }
}

TEST(ScaledMm, TakesAFoldedZeroPoint) {
  std::mt19937_64 rng(test_seed());
  const std::int64_t m_count = 3, n_count = 9, k_count = 40;
  Matrix a(DType::s8, m_count, k_count), w(DType::s8, n_count, k_count), d(DType::f32, m_count, n_count);
  for (Matrix* x : {&a, &w}) {
    for (std::int64_t i = 0; i < x->rows() * k_count; ++i)
      x->row<std::int8_t>(0)[i] = static_cast<std::int8_t>(static_cast<int>(rng() % 256) - 128);
  }
  std::vector<std::int32_t> colsum(static_cast<std::size_t>(n_count));
  for (std::int64_t n = 0; n < n_count; ++n) {
    for (std::int64_t k = 0; k < k_count; ++k) colsum[static_cast<std::size_t>(n)] += w.row<std::int8_t>(n)[k];
  }
  const auto times = [&](std::int32_t azp) {
    std::vector<std::int32_t> folded = colsum;
    for (auto& value : folded) value *= azp;
    return folded;
  };
  std::vector<std::int32_t> other(static_cast<std::size_t>(n_count));
  for (auto& value : other) value = static_cast<std::int32_t>(rng() % 2001) - 1000;
  const std::vector<float> one{1.0F};
  for (const auto& folded : {times(0), times(-128), times(77), other}) {
    scaled_mm_folded_azp(a.view(), w.view(), one, one, folded, d.view());
    for (std::int64_t m = 0; m < m_count; ++m) {
      for (std::int64_t n = 0; n < n_count; ++n) {
        std::int64_t sum = -folded[static_cast<std::size_t>(n)];
        for (std::int64_t k = 0; k < k_count; ++k) sum += a.row<std::int8_t>(m)[k] * w.row<std::int8_t>(n)[k];
        ASSERT_EQ(d.row<float>(m)[n], static_cast<float>(sum)) << "QGEMM_TEST_SEED=" << test_seed();
      }
    }
  }
  const std::vector<std::int32_t> too_few(1);
  EXPECT_THROW(scaled_mm_folded_azp(a.view(), w.view(), one, one, too_few, d.view()), InvalidInput);
}

TEST(ScaledMm, UndoesWhatQuantizePerTokenDid) {
  std::mt19937_64 rng(test_seed());
  const Matrix x = random_matrix(rng, DType::bf16, 6, 500, Values::normal),
               w = random_matrix(rng, DType::bf16, 9, 500, Values::normal);
  Matrix xq(DType::s8, 6, 500), wq(DType::s8, 9, 500), d(DType::f32, 6, 9);
  const auto w_scales = quantize_per_token(w.view(), wq.view());
  for (const bool symmetric : {true, false}) {
    const auto x_scales = quantize_per_token(x.view(), xq.view(), symmetric);
    scaled_mm_azp(xq.view(), wq.view(), x_scales.scales, w_scales.scales, x_scales.azp, d.view());
    for (std::int64_t m = 0; m < 6; ++m) {
      for (std::int64_t n = 0; n < 9; ++n)
        EXPECT_NEAR(d.row<float>(m)[n], truth(x, w, m, n), 1.5);  // sums of 500 N(0,1)² products: σ 22
    }
  }
}

TEST(ScaledMm, RefusesWhatDoesNotFit) {
  Matrix a(DType::s8, 2, 8), w(DType::s8, 3, 8), d(DType::bf16, 2, 3), wrong(DType::bf16, 3, 3),
      floats(DType::f32, 2, 8);
  const std::vector<float> one{1.0F}, two{1.0F, 1.0F}, three{1, 1, 1};
  std::memset(a.data(), 0, a.bytes());
  std::memset(w.data(), 0, w.bytes());
  EXPECT_NO_THROW(scaled_mm(a.view(), w.view(), two, three, d.view()));
  EXPECT_THROW(scaled_mm(a.view(), w.view(), three, three, d.view()), InvalidInput);
  EXPECT_THROW(scaled_mm(a.view(), w.view(), one, two, d.view()), InvalidInput);
  EXPECT_THROW(scaled_mm(a.view(), w.view(), one, one, wrong.view()), InvalidInput);
  EXPECT_THROW(scaled_mm(floats.view(), w.view(), one, one, d.view()), InvalidInput);
  EXPECT_THROW(scaled_mm(a.view(), w.view(), {}, one, d.view()), InvalidInput);
  EXPECT_THROW(scaled_mm(a.view(), w.view(), one, one, d.view(), two), InvalidInput);
  Matrix deep_a(DType::s8, 1, 131'072), deep_w(DType::s8, 1, 131'072), cell(DType::f32, 1, 1);
  EXPECT_THROW(scaled_mm(deep_a.view(), deep_w.view(), one, one, cell.view()), InvalidInput);
}

}  // namespace
}  // namespace qgemm
