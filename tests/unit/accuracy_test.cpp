#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

#include "accuracy/freivalds.hpp"
#include "accuracy/metrics.hpp"
#include "accuracy/output_check.hpp"
#include "accuracy/sample.hpp"
#include "random_matrix.hpp"
#include "test_seed.hpp"

namespace qgemm {
namespace {

using testing::random_matrix;
using testing::test_seed;
using testing::Values;

TEST(Sample, HoldsTheCornersAndAboutAsManyElementsAsAsked) {
  for (const Shape shape :
       {Shape{1, 1, 1}, Shape{1, 28672, 4096}, Shape{1024, 4096, 64}, Shape{3, 5, 7}, Shape{5000, 2, 2}}) {
    const Sample sample = choose_sample(shape, 42, 2048);
    EXPECT_EQ(sample.rows.front(), 0);
    EXPECT_EQ(sample.rows.back(), shape.m - 1);
    EXPECT_EQ(sample.cols.front(), 0);
    EXPECT_EQ(sample.cols.back(), shape.n - 1);
    EXPECT_GE(sample.size(), static_cast<std::size_t>(std::min<std::int64_t>(shape.m * shape.n, 1500)));
    EXPECT_LE(sample.size(), 4096U);
  }
  EXPECT_EQ(choose_sample({100, 200, 3}, 1).rows, choose_sample({100, 200, 3}, 1).rows);
  EXPECT_NE(choose_sample({100, 200, 3}, 1).cols, choose_sample({100, 200, 3}, 2).cols);
}

TEST(Metrics, AreWhatTheyAreDefinedAs) {
  const std::vector<double> truth{3, 4, 0, 0}, result{3, 4, 0, 0.5};
  const ErrorMetrics error = compare(truth, result);
  EXPECT_DOUBLE_EQ(error.sqnr_db, 20.0);  // 25 / 0.25
  EXPECT_DOUBLE_EQ(error.rel_error, 0.1);
  EXPECT_DOUBLE_EQ(error.max_abs_error, 0.5);
  EXPECT_TRUE(std::isinf(compare(truth, truth).sqnr_db));
  EXPECT_EQ(compare(truth, truth).rel_error, 0);
  const std::vector<double> broken{3, std::nan(""), 0, 0};
  EXPECT_TRUE(std::isinf(compare(truth, broken).max_abs_error));
  EXPECT_TRUE(std::isinf(compare(truth, broken).rel_error));
}

class FreivaldsTest : public ::testing::Test {
 protected:
  FreivaldsTest() : rng_(test_seed()) {
    const auto fill = [&](Matrix& x) {
      for (std::int64_t i = 0; i < x.rows() * x.cols(); ++i) {
        x.row<std::int8_t>(0)[i] = static_cast<std::int8_t>(static_cast<int>(rng_() % 256) - 128);
      }
    };
    a_.values = Matrix(DType::s8, 9, 70);
    w_ = Matrix(DType::s8, 33, 70);
    fill(a_.values);
    fill(w_);
    for (std::int64_t m = 0; m < 9; ++m) {
      for (std::int64_t n = 0; n < 33; ++n) {
        std::int32_t sum = 0;
        for (std::int64_t k = 0; k < 70; ++k) sum += a_.q(m, k) * w_.row<std::int8_t>(n)[k];
        sums_.push_back(sum);
      }
    }
  }
  std::mt19937_64 rng_;
  QuantizedActivations a_;
  Matrix w_;
  std::vector<std::int32_t> sums_;
};

TEST_F(FreivaldsTest, PassesTheProduct) {
  EXPECT_FALSE(Freivalds(w_.view(), rng_()).first_wrong_row(a_, sums_).has_value());
}

TEST_F(FreivaldsTest, FindsASingleSumThatIsOffByOneBit) {
  const Freivalds proof(w_.view(), rng_());
  for (int trial = 0; trial < 300; ++trial) {
    const std::size_t at = rng_() % sums_.size();
    auto broken = sums_;
    broken[at] ^= static_cast<std::int32_t>(1U << (rng_() % 32));
    ASSERT_EQ(proof.first_wrong_row(a_, broken), static_cast<std::int64_t>(at / 33))
        << "QGEMM_TEST_SEED=" << test_seed();
  }
}

TEST_F(FreivaldsTest, FindsErrorsThatCancelInEveryRowSum) {
  auto broken = sums_;
  broken[5] += 7;
  broken[6] -= 7;
  EXPECT_EQ(Freivalds(w_.view(), rng_()).first_wrong_row(a_, broken), 0);
}

TEST_F(FreivaldsTest, ReadsBothFormsOfTheActivations) {
  QuantizedActivations shifted;
  shifted.form = Int8Form::u8_shifted;
  shifted.values = Matrix(DType::s8, 9, 70);
  for (std::int64_t i = 0; i < 9 * 70; ++i) {
    shifted.values.row<std::uint8_t>(0)[i] = static_cast<std::uint8_t>(a_.values.row<std::uint8_t>(0)[i] ^ 0x80);
  }
  EXPECT_FALSE(Freivalds(w_.view(), rng_()).first_wrong_row(shifted, sums_).has_value());
}

TEST(OutputCheck, AcceptsEachSideOfATieAndNothingFurther) {
  // bf16 around 1: neighbours 1 and 1.0078125.
  EXPECT_TRUE(within_one_rounding(1.0F, 1.0039063F, 0, DType::bf16));
  EXPECT_TRUE(within_one_rounding(1.0078125F, 1.0039063F, 0, DType::bf16));
  EXPECT_FALSE(within_one_rounding(1.015625F, 1.0039063F, 0, DType::bf16));
  EXPECT_FALSE(within_one_rounding(0.98828125F, 1.0F, 0, DType::bf16));
  EXPECT_TRUE(within_one_rounding(1.0F, 1.0F + 0x1p-23F, 0, DType::f32));
  EXPECT_FALSE(within_one_rounding(1.0F, 1.0F + 0x1p-19F, 0, DType::f32));
  // A result that a bias nearly cancels may carry the rounding of what it was added to.
  EXPECT_TRUE(within_one_rounding(0x1p-20F, 0, 100.0F, DType::f32));
  EXPECT_FALSE(within_one_rounding(0x1p-20F, 0, 0.001F, DType::f32));
}

TEST(OutputCheck, KnowsTheEdgesOfTheRange) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(within_one_rounding(infinity, 70000.0F, 0, DType::f16));
  EXPECT_TRUE(within_one_rounding(infinity, 65519.996F, 0, DType::f16));
  EXPECT_FALSE(within_one_rounding(infinity, 60000.0F, 0, DType::f16));
  EXPECT_FALSE(within_one_rounding(-infinity, 70000.0F, 0, DType::f16));
  EXPECT_FALSE(within_one_rounding(std::nanf(""), 1.0F, 0, DType::bf16));
}

TEST(OutputCheck, NamesTheFirstWrongElement) {
  const std::vector<std::int32_t> sums{1000, -2000, 3000, 4000, 5000, 6000};
  const std::vector<float> scale_a{0.5F, 0.25F}, scale_w{0.1F, 0.2F, 0.3F}, bias{1, 2, 3};
  const Epilogue epilogue{scale_a, scale_w, {}, {}, bias};
  Matrix d(DType::bf16, 2, 3);
  dequantize_rows(sums.data(), 3, epilogue, 0, 2, d.view());
  EXPECT_FALSE(first_wrong_output(d.view(), sums, epilogue).has_value());
  set_element(d.view(), 1, 2, 777.0F);
  const auto wrong = first_wrong_output(d.view(), sums, epilogue);
  ASSERT_TRUE(wrong.has_value());
  EXPECT_EQ(wrong->m, 1);
  EXPECT_EQ(wrong->n, 2);
  EXPECT_FLOAT_EQ(wrong->expected, 0.25F * (0.3F * 6000) + 3);
}

TEST(FloatTruth, IsTheProductWithItsBias) {
  std::mt19937_64 rng(test_seed());
  const Matrix a = random_matrix(rng, DType::bf16, 4, 20, Values::normal),
               w = random_matrix(rng, DType::f16, 6, 20, Values::normal);
  const std::vector<float> bias{1, 2, 3, 4, 5, 6};
  const Sample sample{{1, 3}, {0, 5}};
  const auto truth = float_truth(a.view(), w.view(), bias, sample);
  ASSERT_EQ(truth.size(), 4U);
  double sum = 0;
  for (std::int64_t k = 0; k < 20; ++k)
    sum += static_cast<double>(element(a.view(), 3, k)) * static_cast<double>(element(w.view(), 5, k));
  EXPECT_NEAR(truth[3], sum + 6, 1e-12);
}

}  // namespace
}  // namespace qgemm
