// Whether what is measured is steady: its beginning, and a trend in it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "test_seed.hpp"
#include "timing/drift.hpp"
#include "timing/statistics.hpp"
#include "timing/stopping_rule.hpp"
#include "timing/transient.hpp"

namespace qgemm {
namespace {

std::vector<double> noisy(std::size_t count, double mean, double deviation, std::mt19937_64& rng) {
  std::normal_distribution<double> noise(mean, deviation);
  std::vector<double> out(count);
  for (auto& value : out) value = noise(rng);
  return out;
}

TEST(Transient, ASteadySeriesKeepsAllOfIt) {
  EXPECT_EQ(transient_length({}, 0.005), 0U);
  EXPECT_EQ(transient_length(std::vector<double>(50, 3.5), 0.005), 0U);
  SCOPED_TRACE(testing::test_seed());
  std::mt19937_64 rng(testing::test_seed());
  for (int trial = 0; trial < 100; ++trial) EXPECT_EQ(transient_length(noisy(40, 1, 0.001, rng), 0.005), 0U);
}

// A single series may be cut late by chance (one in ten is, by more than four values): what must hold for each is that
// its beginning no longer shows in its mean, and where the cut is, for the middle one of many.
double mean_after(const std::vector<double>& series, std::size_t cut) {
  return std::accumulate(series.begin() + static_cast<std::ptrdiff_t>(cut), series.end(), 0.0) /
         static_cast<double>(series.size() - cut);
}

TEST(Transient, ABeginningThatIsFasterIsCutWhereItEnds) {
  SCOPED_TRACE(testing::test_seed());
  std::mt19937_64 rng(testing::test_seed());
  for (const std::size_t early : {1U, 5U, 19U}) {
    std::vector<double> cuts;
    for (int trial = 0; trial < 201; ++trial) {
      auto series = noisy(40, 0, 0.002, rng);
      for (std::size_t i = 0; i < early; ++i) series[i] -= 0.1;
      const std::size_t cut = transient_length(series, 0.005);
      EXPECT_NEAR(mean_after(series, cut), 0, 0.005);
      EXPECT_LE(cut, 20U);
      cuts.push_back(static_cast<double>(cut));
    }
    EXPECT_EQ(summarize(cuts).median, static_cast<double>(early));
  }
}

TEST(Transient, AFallingClockIsCutUntilItIsSteady) {
  SCOPED_TRACE(testing::test_seed());
  std::mt19937_64 rng(testing::test_seed());
  std::vector<double> cuts;
  for (int trial = 0; trial < 201; ++trial) {
    auto series = noisy(100, 0, 0.002, rng);
    for (std::size_t i = 0; i < 30; ++i) series[i] -= 0.2 * static_cast<double>(30 - i) / 30;
    const std::size_t cut = transient_length(series, 0.005);
    EXPECT_GE(cut, 26U);  // within a fortieth of where it is steady
    EXPECT_NEAR(mean_after(series, cut), 0, 0.005);
    cuts.push_back(static_cast<double>(cut));
  }
  EXPECT_NEAR(summarize(cuts).median, 30, 1);
}

TEST(Transient, NeverMoreThanHalf) {
  std::vector<double> series(20);
  for (std::size_t i = 0; i < series.size(); ++i) series[i] = static_cast<double>(i);  // never steady
  EXPECT_EQ(transient_length(series, 0.005), 10U);
}

TEST(Drift, FewOrSteadySamplesHaveNone) {
  EXPECT_FALSE(drift_pct(std::vector<double>{1, 2, 3, 4, 5, 6, 7}));
  EXPECT_FALSE(drift_pct(std::vector<double>(100, 5.0)));
  SCOPED_TRACE(testing::test_seed());
  std::mt19937_64 rng(testing::test_seed());
  int found = 0;
  for (int trial = 0; trial < 1000; ++trial) found += drift_pct(noisy(30, 100, 1, rng)) ? 1 : 0;
  EXPECT_LE(found, 8);  // one in a thousand is expected; nine or more come once in a million
}

TEST(Drift, ATrendIsFoundWithItsSize) {
  SCOPED_TRACE(testing::test_seed());
  std::mt19937_64 rng(testing::test_seed());
  double rising = 0, falling = 0;
  constexpr int trials = 100;
  for (int trial = 0; trial < trials; ++trial) {
    auto samples = noisy(60, 100, 0.5, rng);
    for (std::size_t i = 0; i < samples.size(); ++i) samples[i] *= 1 + 0.06 * static_cast<double>(i) / 60;
    const auto up = drift_pct(samples);
    std::reverse(samples.begin(), samples.end());
    const auto down = drift_pct(samples);
    ASSERT_TRUE(up && down);
    rising += *up / trials, falling += *down / trials;
  }
  EXPECT_NEAR(rising, 4, 0.2);  // from the middle of the first third to that of the last: two thirds of six percent
  EXPECT_NEAR(falling, -3.8, 0.2);
}

TEST(PairedNoise, WhatBothWentThroughIsNotInIt) {
  const std::vector<double> a{100, 110, 120, 130, 140, 150}, half{50, 55, 60, 65, 70, 75, 1000};
  ASSERT_TRUE(paired_noise_pct(a, half));
  EXPECT_NEAR(*paired_noise_pct(a, half), 0, 1e-12);  // and the seventh has no partner
  const std::vector<double> other{50, 55, 60, 65, 75, 70};
  EXPECT_GT(*paired_noise_pct(a, other), 1);
  EXPECT_FALSE(paired_noise_pct(std::span(a).first(4), half));
}

TEST(StoppingRule, DroppedSamplesNoLongerCountAndTheirTimeDoes) {
  StoppingRule rule({.max_noise_pct = 1, .max_seconds = 1, .min_samples = 5});
  for (int i = 0; i < 5; ++i) rule.add(80, 0.01);
  EXPECT_TRUE(rule.finished());
  for (int i = 0; i < 4; ++i) rule.add(100, 0.01);
  rule.drop_first(5);
  EXPECT_FALSE(rule.finished());
  EXPECT_EQ(rule.samples(), std::vector<double>(4, 100));
  rule.add(100, 0.01);
  EXPECT_TRUE(rule.finished());
  EXPECT_DOUBLE_EQ(rule.summary().median, 100);
  rule.add(110, 0.95);  // past a second in all
  rule.drop_first(1);
  EXPECT_TRUE(rule.finished());
  EXPECT_TRUE(rule.noisy());
  rule.drop_first(100);
  EXPECT_TRUE(rule.samples().empty());
}

}  // namespace
}  // namespace qgemm
