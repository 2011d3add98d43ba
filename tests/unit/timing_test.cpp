#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "timing/cpu_timer.hpp"
#include "timing/statistics.hpp"
#include "timing/stopping_rule.hpp"

namespace qgemm {
namespace {

TEST(Statistics, QuantilesAreLinearBetweenNeighbours) {
  const std::vector<double> values{10, 20, 30, 40};
  EXPECT_DOUBLE_EQ(quantile(values, 0), 10);
  EXPECT_DOUBLE_EQ(quantile(values, 0.5), 25);
  EXPECT_DOUBLE_EQ(quantile(values, 0.2), 16);
  EXPECT_DOUBLE_EQ(quantile(values, 1), 40);
  EXPECT_DOUBLE_EQ(quantile(std::vector<double>{7}, 0.8), 7);
}

TEST(Statistics, FewSamplesAreAsUncertainAsTheirRange) {
  const Summary summary = summarize(std::vector<double>{100, 90, 110});
  EXPECT_DOUBLE_EQ(summary.median, 100);
  EXPECT_DOUBLE_EQ(summary.noise_pct, 10);
}

TEST(Statistics, TheIntervalHoldsTheTrueMedianAsOftenAsItSays) {
  std::mt19937_64 rng(12345);
  std::lognormal_distribution<double> skewed(0, 0.3);  // true median 1
  int held = 0;
  constexpr int trials = 2000;
  for (int trial = 0; trial < trials; ++trial) {
    std::vector<double> samples(41);
    for (auto& sample : samples) sample = skewed(rng);
    std::vector<double> sorted = samples;
    std::sort(sorted.begin(), sorted.end());
    // The same ranks as `summarize` uses: 20.5 ∓ 0.98·√41 → 14 and 27.
    held += sorted[14] <= 1 && 1 <= sorted[27] ? 1 : 0;
    const Summary summary = summarize(samples);
    EXPECT_NEAR(summary.noise_pct, 100 * (sorted[27] - sorted[14]) / 2 / sorted[20], 1e-9);
  }
  EXPECT_GT(held, trials * 93 / 100);
}

TEST(StoppingRule, SteadySamplesEndEarly) {
  StoppingRule rule({.max_noise_pct = 1, .max_seconds = 100, .min_samples = 5});
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(rule.finished());
    rule.add(100 + 0.1 * i, 0.001);
  }
  EXPECT_TRUE(rule.finished());
  EXPECT_FALSE(rule.noisy());
}

TEST(StoppingRule, NoisySamplesGoOnUntilTheMedianIsKnown) {
  StoppingRule rule({.max_noise_pct = 1, .max_seconds = 1000, .min_samples = 5, .max_samples = 100'000});
  std::mt19937_64 rng(7);
  std::normal_distribution<double> noise(100, 5);
  int count = 0;
  while (!rule.finished() && count < 5000) rule.add(noise(rng), 0.001), ++count;
  EXPECT_TRUE(rule.finished());
  EXPECT_GT(count, 50);  // the median of 5 % noise is known to ±1 % after some 150 samples
  EXPECT_LT(count, 1000);
  EXPECT_FALSE(rule.noisy());
}

TEST(StoppingRule, TimeAndRoomEndWhatNoiseWouldNot) {
  StoppingRule by_time({.max_noise_pct = 0.001, .max_seconds = 1, .min_samples = 5});
  int count = 0;
  while (!by_time.finished()) by_time.add(100 + 10 * (count++ % 2), 0.125);
  EXPECT_EQ(count, 8);
  EXPECT_TRUE(by_time.noisy());
  StoppingRule by_room({.max_noise_pct = 0.001, .max_seconds = 1000, .min_samples = 5, .max_samples = 50});
  count = 0;
  while (!by_room.finished()) by_room.add(100 + 10 * (count++ % 2), 0.0);
  EXPECT_EQ(count, 50);
}

TEST(StoppingRule, VerySlowCallsAreNotRepeatedForTheSakeOfTheCount) {
  StoppingRule rule({.max_noise_pct = 1, .max_seconds = 0.5, .min_samples = 5, .patience = 10});
  rule.add(6e6, 6.0);
  EXPECT_TRUE(rule.finished());
  EXPECT_TRUE(rule.noisy());
}

TEST(CpuTimer, BatchesShortCallsAndRotatesTheCopies) {
  std::vector<int> sets;
  CpuTimer timer([&](int set) { sets.push_back(set); }, 3, false, 10e-6);
  timer.sample();
  EXPECT_EQ(sets.size(), 10U);  // 100 µs of calls that take 10
  for (std::size_t i = 0; i < sets.size(); ++i) EXPECT_EQ(sets[i], static_cast<int>(i % 3));
  timer.sample();
  EXPECT_EQ(sets[10], 1);
  EXPECT_EQ(timer.last_set(), 19 % 3);
}

TEST(CpuTimer, HotSamplesAreWarmedByAnUntimedCall) {
  int calls = 0;
  CpuTimer timer([&](int) { ++calls; }, 1, true, 1.0);
  timer.sample();
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace qgemm
