// The noise of samples that are like their neighbours: what is said of a median has to hold for them, too.
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <random>
#include <vector>

#include "timing/correlation.hpp"
#include "timing/statistics.hpp"

namespace qgemm {
namespace {

/// A series about 100 with a deviation of 3, of which each value keeps the share `likeness` of the one before.
std::vector<double> series(std::size_t count, double likeness, std::uint64_t seed) {
  std::mt19937_64 rng(seed);
  std::normal_distribution<double> noise(0, 1);
  std::vector<double> out;
  double value = noise(rng);
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(100 + 3 * value);
    value = likeness * value + std::sqrt(1 - likeness * likeness) * noise(rng);
  }
  return out;
}

double median_of_times(std::size_t count, double likeness) {
  std::vector<double> times;
  for (std::uint64_t seed = 1; seed <= 101; ++seed) times.push_back(correlation_time(series(count, likeness, seed)));
  return summarize(times).median;
}

TEST(CorrelationTime, OfIndependentSamplesIsOne) {
  EXPECT_LT(median_of_times(200, 0), 1.2);
  EXPECT_EQ(correlation_time(std::vector<double>{}), 1);
  EXPECT_EQ(correlation_time(std::vector<double>(50, 7.0)), 1);
  EXPECT_EQ(correlation_time(std::vector<double>{1, 2, 3}), 1);
}

TEST(CorrelationTime, GrowsWithTheLikenessOfNeighbours) {
  // Signs of normal values that correlate by r do so by 2/π·asin r.
  for (const double likeness : {0.5, 0.8, 0.9}) {
    double expected = 1;
    for (double r = likeness; r > 1e-6; r *= likeness) expected += 2 * 2 / std::numbers::pi * std::asin(r);
    EXPECT_NEAR(median_of_times(2000, likeness) / expected, 1, 0.15) << likeness;
  }
}

TEST(CorrelationTime, IsNoMoreThanTheNumberOfSamples) {
  std::vector<double> rising(40);
  for (std::size_t i = 0; i < rising.size(); ++i) rising[i] = static_cast<double>(i);
  EXPECT_LE(correlation_time(rising), 40);
  EXPECT_GT(correlation_time(rising), 10);
}

/// Of how many series, of a hundred, the interval holds the true median.
template <class Summarize>
int held(std::size_t count, double likeness, const Summarize& summarize_one) {
  int times = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    const Summary summary = summarize_one(series(count, likeness, seed));
    times += std::abs(summary.median - 100) <= summary.noise_pct / 100 * summary.median ? 1 : 0;
  }
  return times / 4;
}

TEST(SeriesNoise, HoldsTheMedianOfCorrelatedSamplesAsOftenAsItSays) {
  struct Row {
    std::size_t count;
    double likeness;
    int least;  // of a hundred; a short series cannot tell how long its own swings are
  };
  for (const Row& row : {Row{40, 0, 90}, Row{200, 0, 90}, Row{100, 0.5, 88}, Row{200, 0.8, 87}, Row{400, 0.9, 86}}) {
    EXPECT_GE(held(row.count, row.likeness, [](const auto& s) { return summarize_series(s); }), row.least)
        << row.count << " samples, likeness " << row.likeness;
  }
  EXPECT_LT(held(200, 0.8, [](const auto& s) { return summarize(s); }), 65) << "as if they were independent";
}

TEST(SeriesNoise, OfIndependentSamplesIsTheOrdinaryOne) {
  std::vector<double> ratios;
  for (std::uint64_t seed = 1; seed <= 101; ++seed) {
    const auto samples = series(100, 0, seed);
    ratios.push_back(summarize_series(samples).noise_pct / summarize(samples).noise_pct);
  }
  EXPECT_NEAR(summarize(ratios).median, 1, 0.1);
}

}  // namespace
}  // namespace qgemm
