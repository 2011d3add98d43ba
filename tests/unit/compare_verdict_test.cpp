#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "compare_runs.hpp"
#include "qgemm/compare.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

using testing::row_with_samples;
using testing::run_of;

const std::vector<double> ten{9.99, 10.0, 10.01, 10.02, 9.98, 10.0, 10.01, 9.99};

std::vector<double> times(std::vector<double> samples, double factor) {
  for (double& us : samples) us *= factor;
  return samples;
}

/// The one row of two runs of one row.
ComparedRow compared(const Result& before, const Result& after, const CompareOptions& options = {}) {
  const Comparison comparison = compare_results(run_of({before}), run_of({after}), options);
  EXPECT_EQ(comparison.rows.size(), 1U);
  return comparison.rows.at(0);
}

Result row(double factor = 1) { return row_with_samples("bf16", 16, times(ten, factor)); }

Result failing(Outcome outcome) {
  Result out = row();
  out.outcome = outcome;
  out.median_us = out.tflops = std::nullopt;
  out.samples_us.clear();
  out.message = "3 sums differ";
  return out;
}

TEST(CompareVerdict, FollowsTheThreshold) {
  EXPECT_EQ(compared(row(), row(1.05)).verdict, Verdict::worse);
  EXPECT_EQ(compared(row(), row(1 / 1.05)).verdict, Verdict::better);
  EXPECT_EQ(compared(row(), row(1.02)).verdict, Verdict::same) << "less than the threshold, however certain";
  EXPECT_EQ(compared(row(), row(1.02), {.threshold_pct = 1, .allow = {}, .control = {}}).verdict, Verdict::worse);
  EXPECT_EQ(compared(row(), row()).verdict, Verdict::same);
  EXPECT_NEAR(compared(row(), row(1.05)).time->ratio, 1.05, 1e-9);
}

/// `ten` times `factor` under a clock that swings about `mhz`, which the times follow.
Result row_at_power_limit(double factor, double mhz) {
  std::vector<double> us = times(ten, factor), clocks;
  for (std::size_t i = 0; i < us.size(); ++i) {
    clocks.push_back(mhz * (i % 2 == 0 ? 1.05 : 0.95));
    us[i] *= std::pow(1400 / clocks.back(), 0.9);
  }
  Result out = row_with_samples("bf16", 16, us);
  out.samples_mhz = clocks;
  out.clock_mhz = mhz;
  out.clock_exponent = 0.9;
  return out;
}

TEST(CompareVerdict, HoldsRowsAtAPowerLimitAgainstOneClock) {
  const ComparedRow same = compared(row_at_power_limit(1, 1400), row_at_power_limit(1, 1330));
  EXPECT_EQ(same.verdict, Verdict::same);
  EXPECT_NEAR(same.time->ratio, 1, 1e-9);
  ASSERT_FALSE(same.notes.empty());
  EXPECT_NE(same.notes.back().find("one clock"), std::string::npos) << same.notes.back();
  EXPECT_EQ(compared(row_at_power_limit(1, 1400), row_at_power_limit(1.05, 1400)).verdict, Verdict::worse);
  Result elsewhere = row_at_power_limit(1, 1330);
  elsewhere.clock_exponent.reset();
  EXPECT_NE(compared(row_at_power_limit(1, 1400), elsewhere).verdict, Verdict::same) << "a row that does not tell";
}

TEST(CompareVerdict, IsUndecidedWhereSamplesDoNotTell) {
  const auto wide = [](double factor) {
    return row_with_samples("bf16", 16, times({7, 8, 9, 10, 11, 12, 13}, factor));
  };
  const ComparedRow compared_row = compared(wide(1), wide(1.05));
  EXPECT_EQ(compared_row.verdict, Verdict::undecided);
  EXPECT_GT(*compared_row.p, 0.05);
  EXPECT_LT(compared_row.time->low, 1);
  EXPECT_GT(compared_row.time->high, 1.05);
}

TEST(CompareVerdict, EffectHasToExceedTheNoise) {
  Result before = row(), after = row(1.05);
  before.noise_pct = after.noise_pct = 4;  // √(4² + 4²) = 5.7 %
  before.outcome = after.outcome = Outcome::noisy;
  const ComparedRow noisy = compared(before, after);
  EXPECT_EQ(noisy.verdict, Verdict::undecided);
  EXPECT_NEAR(*noisy.noise_pct, 5.657, 1e-3);
  ASSERT_FALSE(noisy.notes.empty());
  EXPECT_EQ(noisy.notes[0], "both noisy");
}

TEST(CompareVerdict, WrongAnswersAndFailuresAreBroken) {
  for (const Outcome outcome : {Outcome::incorrect, Outcome::failed, Outcome::out_of_memory, Outcome::unsupported}) {
    const Comparison comparison = compare_results(run_of({row()}), run_of({failing(outcome)}));
    EXPECT_EQ(comparison.rows[0].verdict, Verdict::broken) << name(outcome);
    EXPECT_TRUE(comparison.regression()) << name(outcome);
    EXPECT_EQ(compared(failing(outcome), row()).verdict, Verdict::fixed) << name(outcome);
    EXPECT_EQ(compared(failing(outcome), failing(outcome)).verdict, Verdict::unmeasured) << name(outcome);
  }
  EXPECT_EQ(compared(failing(Outcome::unsupported), failing(Outcome::incorrect)).verdict, Verdict::broken);
  const Comparison skipped = compare_results(run_of({row()}), run_of({failing(Outcome::skipped)}));
  EXPECT_EQ(skipped.rows[0].verdict, Verdict::unmeasured) << "a run that was interrupted says nothing";
  EXPECT_FALSE(skipped.regression());
}

TEST(CompareVerdict, NeverTakesTheTimeOfAWrongAnswer) {
  Result after = row(0.5);
  after.outcome = Outcome::incorrect;
  const ComparedRow broken = compared(row(), after);
  EXPECT_EQ(broken.verdict, Verdict::broken);
  EXPECT_FALSE(broken.time);
}

TEST(CompareVerdict, WithoutRawSamplesIsWeaker) {
  Result before = row(), after = row(1.05);
  before.samples_us.clear();
  const ComparedRow medians = compared(before, after);
  EXPECT_EQ(medians.evidence, Evidence::medians);
  EXPECT_EQ(medians.test, "normal");
  EXPECT_EQ(medians.verdict, Verdict::worse);
  EXPECT_NE(std::find(medians.notes.begin(), medians.notes.end(), "no raw samples: medians alone, weaker"),
            medians.notes.end());
  before.noise_pct.reset();
  const ComparedRow bare = compared(before, after);
  EXPECT_EQ(bare.evidence, Evidence::none);
  EXPECT_EQ(bare.verdict, Verdict::undecided);
  EXPECT_FALSE(bare.p);
  EXPECT_NEAR(bare.time->ratio, 1.05, 1e-9);
}

TEST(CompareVerdict, SamplesThatAreNoTimesAreNotUsed) {
  for (const double bad :
       {0.0, -1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    Result before = row();
    before.samples_us[3] = bad;
    EXPECT_EQ(compared(before, row()).evidence, Evidence::medians) << bad;
    before = row();
    before.median_us = bad;
    EXPECT_FALSE(compared(before, row()).time) << bad;
  }
}

TEST(CompareVerdict, OneSampleProvesNothing) {
  Result one = row_with_samples("bf16", 16, {10});
  one.noise_pct = 0;
  EXPECT_EQ(compared(one, row(2)).verdict, Verdict::undecided);
}

TEST(CompareVerdict, ExtremeTimesStayFigures) {
  const Comparison comparison = compare_results(run_of({row_with_samples("bf16", 1, {1e-300, 2e-300})}),
                                                run_of({row_with_samples("bf16", 1, {1e300, 2e300})}));
  EXPECT_FALSE(comparison_to_json(comparison).empty());
  EXPECT_FALSE(render_comparison(comparison).empty());
}

TEST(CompareRows, AreMatchedByCase) {
  Result other_m = row(), other_provider = row(), cold = row(), hot = row(1.1);
  other_m.shape.m = 32;
  other_provider.provider = "f32";
  hot.cache = CacheState::hot;
  const Comparison comparison = compare_results(run_of({cold, hot, other_m}), run_of({other_provider, hot, cold}));
  ASSERT_EQ(comparison.rows.size(), 2U);
  EXPECT_EQ(comparison.rows[0].after.cache, CacheState::hot);
  EXPECT_EQ(comparison.rows[0].verdict, Verdict::same);
  ASSERT_EQ(comparison.only_before.size(), 1U);
  EXPECT_EQ(comparison.only_before[0].shape.m, 32);
  ASSERT_EQ(comparison.only_after.size(), 1U);
  EXPECT_EQ(comparison.only_after[0].provider, "f32");
  EXPECT_FALSE(comparison.regression());
}

TEST(CompareRows, OfAnotherEngineMatchWhereUnambiguous) {
  Result before = row(), after = row();
  before.engine = "onednn";
  after.engine = "avx512";
  const ComparedRow other = compared(before, after);
  EXPECT_EQ(other.verdict, Verdict::same);
  EXPECT_EQ(other.notes.at(0), "engine onednn → avx512");
  Result third = row();
  third.engine = "reference";
  EXPECT_THROW(compare_results(run_of({before}), run_of({after, third})), InvalidInput);
}

TEST(CompareRows, OfACaseThatIsThereTwiceTheLastCounts) {
  const Comparison comparison = compare_results(run_of({row(3), row()}), run_of({row(5), row()}));
  ASSERT_EQ(comparison.rows.size(), 1U);
  EXPECT_EQ(comparison.rows[0].verdict, Verdict::same);
}

TEST(CompareRows, SayWhatElseChanged) {
  Result before = row(), after = row(1.2);
  before.kernel = "tile_a";
  after.kernel = "tile_b";
  before.clock_mhz = 1980;
  after.clock_mhz = 1600;
  before.throttle = "none";
  after.throttle = "power";
  before.sqnr_db = 38;
  after.sqnr_db = 20;
  EXPECT_EQ(compared(before, after).notes, (std::vector<std::string>{"kernel tile_a → tile_b", "clock 1980 → 1600 MHz",
                                                                     "throttle none → power", "SQNR 38.0 → 20.0 dB"}));
}

TEST(CompareControl, IsSubtractedWithItsUncertainty) {
  const auto int8 = [](double factor) { return row_with_samples("int8-channel-w-token-a", 16, times(ten, factor)); };
  const CompareOptions options{.threshold_pct = 3, .allow = {}, .control = "bf16"};
  const Comparison same = compare_results(run_of({row(), int8(0.5)}), run_of({row(1.4), int8(0.7)}), options);
  EXPECT_EQ(same.rows[0].verdict, Verdict::unmeasured);
  EXPECT_EQ(same.rows[0].notes.at(0), "the control, +40.0 %");
  EXPECT_EQ(same.rows[1].verdict, Verdict::same);
  EXPECT_NEAR(same.rows[1].time->ratio, 1, 1e-9);
  EXPECT_NEAR(*same.rows[1].noise_pct, 0.2, 1e-9);  // four times 0.1 % in squares
  EXPECT_FALSE(same.regression());
  const Comparison worse = compare_results(run_of({row(), int8(0.5)}), run_of({row(1.4), int8(0.8)}), options);
  EXPECT_EQ(worse.rows[1].verdict, Verdict::worse);
  EXPECT_NEAR(worse.rows[1].time->ratio, 0.8 / 0.7, 1e-9);
  EXPECT_TRUE(worse.regression());
  const Comparison plain = compare_results(run_of({row(), int8(0.5)}), run_of({row(1.4), int8(0.8)}));
  EXPECT_LT(plain.rows[1].time->high / plain.rows[1].time->low, worse.rows[1].time->high / worse.rows[1].time->low);
  EXPECT_NE(render_comparison(worse).find("that much was the machine"), std::string::npos);
}

TEST(CompareControl, HasToBeThere) {
  const CompareOptions options{.threshold_pct = 3, .allow = {}, .control = "f32"};
  EXPECT_THROW(compare_results(run_of({row()}), run_of({row()}), options), InvalidInput);
  Result other = row_with_samples("f32", 32, ten);
  const Comparison elsewhere = compare_results(run_of({row(), other}), run_of({row(), other}), options);
  EXPECT_EQ(elsewhere.rows[0].verdict, Verdict::unmeasured);
  EXPECT_EQ(elsewhere.rows[0].notes.at(0), "no f32 here to hold it against");
  const Comparison broken =
      compare_results(run_of({row(), other}), run_of({failing(Outcome::incorrect), other}), options);
  EXPECT_EQ(broken.rows[0].verdict, Verdict::broken) << "a wrong answer needs no control";
}

TEST(CompareGroups, CountTheirRows) {
  std::vector<Result> before, after;
  for (int m = 1; m <= 8; ++m) {
    for (const char* provider : {"bf16", "f32"}) {
      const bool slower = std::string(provider) == "f32";
      before.push_back(row_with_samples(provider, m, ten));
      after.push_back(row_with_samples(provider, m, times(ten, slower ? 1.1 + 0.001 * m : 1 + 0.0001 * m)));
    }
  }
  const Comparison comparison = compare_results(run_of(before), run_of(after));
  ASSERT_EQ(comparison.groups.size(), 4U);
  EXPECT_EQ(comparison.groups[0].kind, "all");
  EXPECT_EQ(comparison.groups[0].rows, 16);
  EXPECT_EQ(comparison.groups[0].worse, 8);
  EXPECT_EQ(comparison.groups[1].name, "bf16");
  EXPECT_EQ(comparison.groups[1].verdict, Verdict::same);
  EXPECT_EQ(comparison.groups[2].name, "f32");
  EXPECT_EQ(comparison.groups[2].verdict, Verdict::worse);
  EXPECT_NEAR(comparison.groups[2].time->ratio, 1.1045, 1e-3);
  EXPECT_EQ(comparison.groups[3].kind, "layer");
  EXPECT_TRUE(comparison.regression());
}

TEST(CompareGroups, OfFewRowsHaveToAgree) {
  const auto rows = [](double second) {
    return run_of({row_with_samples("bf16", 1, ten), row_with_samples("bf16", 2, times(ten, second))});
  };
  EXPECT_EQ(compare_results(rows(1), rows(1)).groups[0].verdict, Verdict::same);
  EXPECT_EQ(compare_results(rows(1), rows(1.2)).groups[0].verdict, Verdict::undecided);
}

}  // namespace
}  // namespace qgemm
