// What operands look like: their statistics by hand, and outliers as language models have them.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "operands/code_statistics.hpp"
#include "operands/outlier_model.hpp"
#include "operands/random_operands.hpp"
#include "qgemm/error.hpp"
#include "test_seed.hpp"

namespace qgemm {
namespace {

using testing::test_seed;

ConstMatrixView view_of(const std::vector<std::int8_t>& codes, std::int64_t rows, std::int64_t cols,
                        std::int64_t stride, DType type = DType::s8) {
  return {codes.data(), type, rows, cols, stride};
}

TEST(CodeStatistics, OfInt8ByHand) {
  // 0 four times, 5 and −128 twice: p = ½, ¼, ¼, so 1.5 bits. What lies between two rows is not looked at.
  const std::vector<std::int8_t> codes{0, 5, 0, -128, 99, 0, 5, 0, -128, 99};
  const CodeStatistics found = code_statistics(view_of(codes, 2, 4, 5));
  EXPECT_EQ(found.elements, 8);
  EXPECT_DOUBLE_EQ(found.zeros_pct, 50);
  EXPECT_DOUBLE_EQ(found.entropy_bits, 1.5);
  EXPECT_DOUBLE_EQ(found.absmax, 128);
}

TEST(CodeStatistics, OfTheShiftedFormAreThoseOfItsCodes) {
  std::vector<std::int8_t> codes{0, 1, -7, 0, 127}, shifted;
  for (const std::int8_t q : codes) shifted.push_back(static_cast<std::int8_t>(q ^ -128));
  const CodeStatistics plain = code_statistics(view_of(codes, 1, 5, 5));
  const CodeStatistics flipped = code_statistics(view_of(shifted, 1, 5, 5), 0x80);
  EXPECT_DOUBLE_EQ(flipped.zeros_pct, 40);
  EXPECT_DOUBLE_EQ(flipped.absmax, 127);
  EXPECT_DOUBLE_EQ(flipped.entropy_bits, plain.entropy_bits);
  // One share of 2/5 and three of 1/5.
  EXPECT_NEAR(flipped.entropy_bits, 0.4 * std::log2(2.5) + 0.6 * std::log2(5), 1e-12);
}

TEST(CodeStatistics, OfE4M3HaveTwoZeros) {
  // +0, −0, 448, −448: four codes, two of them zero.
  const std::vector<std::int8_t> codes{0, -128, 0x7e, static_cast<std::int8_t>(0xfe)};
  const CodeStatistics found = code_statistics(view_of(codes, 4, 1, 1, DType::e4m3));
  EXPECT_DOUBLE_EQ(found.zeros_pct, 50);
  EXPECT_DOUBLE_EQ(found.absmax, 448);
  EXPECT_DOUBLE_EQ(found.entropy_bits, 2);
}

TEST(CodeStatistics, OfFloatsCountUpperBytes) {
  // 1 and 1.125 share a bin, −1 and 2 have their own, 0 another: shares of 2/5 and three of 1/5.
  for (const DType type : {DType::f32, DType::bf16, DType::f16}) {
    Matrix values(type, 1, 5);
    const float numbers[] = {1, 1.125F, -1, 2, 0};
    for (std::int64_t c = 0; c < 5; ++c) set_element(values.view(), 0, c, numbers[c]);
    const CodeStatistics found = code_statistics(std::as_const(values).view());
    EXPECT_NEAR(found.entropy_bits, 0.4 * std::log2(2.5) + 0.6 * std::log2(5), 1e-12) << name(type);
    EXPECT_DOUBLE_EQ(found.zeros_pct, 20) << name(type);
    EXPECT_DOUBLE_EQ(found.absmax, 2) << name(type);
  }
}

TEST(CodeStatistics, OfOneValueAndOfNothing) {
  const std::vector<std::int8_t> codes(33, 7);
  const CodeStatistics same = code_statistics(view_of(codes, 3, 11, 11));
  EXPECT_EQ(same.entropy_bits, 0);
  EXPECT_FALSE(std::signbit(same.entropy_bits));
  EXPECT_EQ(same.zeros_pct, 0);
  const CodeStatistics none = code_statistics(view_of(codes, 0, 11, 11));
  EXPECT_EQ(none.elements, 0);
  EXPECT_EQ(none.entropy_bits, 0);
  EXPECT_THROW(code_statistics(view_of(codes, 1, 1, 1, DType::s32)), InvalidInput);
}

TEST(RowSample, IsBoundedWholeRowsOverTheWholeMatrix) {
  const auto expect = [](std::int64_t rows, std::int64_t cols, std::int64_t count, std::int64_t step) {
    const RowSample sample = row_sample(rows, cols);
    EXPECT_EQ(sample.rows, count) << rows << " x " << cols;
    EXPECT_EQ(sample.step, step) << rows << " x " << cols;
    EXPECT_LE(count == 0 ? 0 : (count - 1) * step, std::max<std::int64_t>(rows - 1, 0));
  };
  expect(1, 4096, 1, 1);
  expect(16, 4096, 16, 1);
  expect(17, 4096, 16, 1);
  expect(6144, 4096, 16, 384);
  expect(5, 70000, 1, 5);
  expect(3, 7, 3, 1);
  expect(0, 7, 0, 1);
  const std::vector<std::int8_t> codes(1 << 18, 1);
  const ConstMatrixView sampled = sampled_rows(view_of(codes, 4, 65536, 65536));
  EXPECT_EQ(sampled.rows, 1);
  EXPECT_EQ(sampled.stride, 4 * 65536);
}

class Outliers : public ::testing::Test {
 protected:
  static constexpr std::int64_t m = 300, k = 3003;
  std::uint64_t seed = test_seed();
  Matrix plain = random_activations(m, k, DataKind::normal, seed);
  Matrix a = random_activations(m, k, DataKind::outlier, seed);
  std::vector<std::int64_t> features = outlier_features(k, seed);
};

TEST_F(Outliers, AreOneFeatureInAThousandInThreeTokensOfFourOnOneSide) {
  SCOPED_TRACE(::testing::Message() << "QGEMM_TEST_SEED=" << seed);
  ASSERT_EQ(features.size(), 3U);
  for (const std::int64_t c : features) {
    int there = 0;
    double sum = 0;
    for (std::int64_t r = 0; r < m; ++r) {
      if (outlier_model::massive(r)) continue;
      const double value = outlier_model::sign(seed, c) * element(a.view(), r, c);
      if (!outlier_model::present(seed, r, c)) {
        EXPECT_EQ(element(a.view(), r, c), element(plain.view(), r, c));
        continue;
      }
      ++there, sum += value;
      EXPECT_GT(value, 0);
      // In bf16, half a unit in the last of 8 bits of 32 at most.
      EXPECT_NEAR(value, 20 + 3 * element(plain.view(), r, c), 0.13);
    }
    EXPECT_NEAR(there, 0.75 * m, 0.15 * m);
    EXPECT_NEAR(sum / there, 20, 1);
  }
}

TEST_F(Outliers, LeaveTheOtherFeaturesAndTheWeightsAlone) {
  for (std::int64_t r = 0; r < m; ++r) {
    if (outlier_model::massive(r)) continue;
    for (std::int64_t c = 0; c < k; ++c) {
      if (std::find(features.begin(), features.end(), c) != features.end()) continue;
      ASSERT_EQ(element(a.view(), r, c), element(plain.view(), r, c)) << r << ", " << c << ", seed " << seed;
    }
  }
  const Matrix w = random_weights(3, 50, DataKind::outlier, seed), n = random_weights(3, 50, DataKind::normal, seed);
  EXPECT_TRUE(std::equal(w.row<std::uint16_t>(0), w.row<std::uint16_t>(0) + 150, n.row<std::uint16_t>(0)));
}

TEST_F(Outliers, MassiveTokensAreOneIn128AndAsLongAsTheOthers) {
  int massive = 0;
  for (std::int64_t r = 0; r < m; ++r) {
    if (!outlier_model::massive(r)) continue;
    ++massive;
    double squares = 0;
    for (std::int64_t c = 0; c < k; ++c) squares += std::pow(static_cast<double>(element(a.view(), r, c)), 2);
    EXPECT_NEAR(squares / k, 1, 0.02);
    EXPECT_EQ(element(a.view(), r, features[0]), massive_value(k, seed));
    EXPECT_NEAR(std::abs(massive_value(k, seed)), std::sqrt(k), 0.2);
    const std::int64_t other = features[0] == 0 ? 1 : 0;
    EXPECT_EQ(element(a.view(), r, other), element(plain.view(), r, other) / 64);
  }
  EXPECT_EQ(massive, 2);  // tokens 127 and 255
}

TEST(OutliersOfNarrowMatrices, HaveOneFeature) {
  for (const std::int64_t k : {1, 2, 7, 999}) {
    const std::uint64_t seed = test_seed() + static_cast<std::uint64_t>(k);
    EXPECT_EQ(outlier_features(k, seed).size(), 1U);
    const Matrix a = random_activations(129, k, DataKind::outlier, seed);
    for (std::int64_t r = 0; r < 129; ++r) {
      for (std::int64_t c = 0; c < k; ++c) EXPECT_TRUE(std::isfinite(element(a.view(), r, c)));
    }
  }
}

}  // namespace
}  // namespace qgemm
