// Times that follow a clock that swings: what they would be at one clock. Synthetic, a table of seeds.
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <random>
#include <vector>

#include "timing/clock_trend.hpp"
#include "timing/correlation.hpp"
#include "timing/statistics.hpp"

namespace qgemm {
namespace {

struct Series {
  std::vector<double> us, mhz;
};

/// A row's samples in passes of a third of a second, under a clock about 1400 MHz that swings by 5 % within a second.
Series swinging(std::size_t count, double exponent, double deviation, std::uint64_t seed) {
  std::mt19937_64 rng(seed);
  std::normal_distribution<double> noise(0, deviation);
  std::uniform_real_distribution<double> place(0, 1);
  const double phase = place(rng) * 2 * std::numbers::pi;
  Series out;
  for (std::size_t i = 0; i < count; ++i) {
    const double seconds = (static_cast<double>(i) + place(rng)) / 3;
    out.mhz.push_back(1400 * (1 + 0.05 * std::sin(2 * std::numbers::pi * seconds + phase)));
    out.us.push_back(100 * std::pow(1400 / out.mhz.back(), exponent) * (1 + noise(rng)));
  }
  return out;
}

TEST(ClockExponent, IsFoundWhereTimesFollowTheClock) {
  for (const double exponent : {0.7, 0.9, 1.0}) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
      const Series s = swinging(15, exponent, 0.002, seed);
      EXPECT_NEAR(clock_exponent(s.us, s.mhz), exponent, 0.08) << "seed " << seed;
    }
  }
  const Series memory = swinging(40, 0, 0.002, 1);
  EXPECT_LT(clock_exponent(memory.us, memory.mhz), 0.05);
}

TEST(ClockExponent, IsTheUsualOneWhereSamplesDoNotTell) {
  EXPECT_DOUBLE_EQ(clock_exponent({}, {}), 0.9);
  const std::vector<double> us{100, 101, 99, 100}, still(4, 1400);
  EXPECT_DOUBLE_EQ(clock_exponent(us, still), 0.9);
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const Series s = swinging(15, 0.9, 0.06, seed);  // by itself of two speeds, say
    EXPECT_NEAR(clock_exponent(s.us, s.mhz), 0.9, 0.15) << "seed " << seed;
  }
}

TEST(TimesAtClock, AreSteadyWhereTheClockWasNot) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const Series s = swinging(15, 0.9, 0.002, seed);
    const auto steady = times_at_clock(s.us, s.mhz, clock_exponent(s.us, s.mhz), 1400);
    EXPECT_NEAR(summarize(steady).median, 100, 0.5) << "seed " << seed;
    EXPECT_LT(summarize_series(steady).noise_pct, 0.8) << "seed " << seed;
    EXPECT_GT(summarize_series(s.us).noise_pct, 1) << "seed " << seed;
  }
}

}  // namespace
}  // namespace qgemm
