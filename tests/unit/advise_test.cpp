// What `advise` says of made-up times whose truth is plain.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "advise_runs.hpp"

namespace qgemm {
namespace {

using testing::number;
using testing::of_kind;
using testing::run_with;
using testing::timed_row;

constexpr const char* int8 = "int8-channel-w-token-a";

/// bf16 at 100 µs each, int8 as many times as fast as told.
ResultSet with_speedups(const std::vector<std::pair<std::int64_t, double>>& speedups, double noise_pct = 0.5) {
  std::vector<Result> rows;
  for (const auto& [m, speedup] : speedups) {
    rows.push_back(timed_row("bf16", m, 100, noise_pct));
    rows.push_back(timed_row(int8, m, 100 / speedup, noise_pct));
  }
  return run_with(std::move(rows));
}

Advice crossover(const ResultSet& run) {
  const auto found = of_kind(advise(run), "crossover");
  EXPECT_EQ(found.size(), 1U);
  return found.empty() ? Advice{} : found[0];
}

TEST(AdviseCrossover, LiesWhereTheSpeedupPassesOne) {
  // ln 0.8 = −ln 1.25: halfway between 16 and 64 on a log scale is 32.
  const Advice advice = crossover(with_speedups({{1, 0.5}, {16, 0.8}, {64, 1.25}, {256, 2}}));
  EXPECT_EQ(number(advice, "from_m"), 64);
  EXPECT_EQ(number(advice, "last_m_not_faster"), 16);
  EXPECT_NEAR(number(advice, "crossover_m"), 32, 1e-9);
  // Half intervals of √(0.5² + 0.5²) % on both sides.
  const double share = std::hypot(0.005, 0.005);
  const double shift = std::log1p(share) / std::log(1.25 / 0.8) * std::log(4);
  EXPECT_NEAR(number(advice, "crossover_m_low"), 32 * std::exp(-shift), 1e-9);
  EXPECT_NEAR(number(advice, "crossover_m_high"), 32 * std::exp(shift), 1e-9);
  EXPECT_NE(advice.text.find("faster than bf16 from M = 64 on: 1.25×"), std::string::npos) << advice.text;
  EXPECT_NE(advice.text.find("about M = 32 (31 … 33)"), std::string::npos) << advice.text;
}

TEST(AdviseCrossover, AlwaysNeverAndUncertain) {
  EXPECT_EQ(number(crossover(with_speedups({{1, 1.5}, {16, 2}})), "from_m"), 1);
  const Advice slower = crossover(with_speedups({{1, 2}, {16, 0.9}}));
  EXPECT_NE(slower.text.find("is slower than bf16 at the largest M measured: 0.90×"), std::string::npos) << slower.text;
  const Advice uncertain = crossover(with_speedups({{1, 0.9}, {16, 1.02}}, 5));
  EXPECT_NE(uncertain.text.find("is not certainly faster"), std::string::npos) << uncertain.text;
  EXPECT_NE(crossover(with_speedups({{1, 2}, {4, 0.9}, {16, 2}})).text.find("from M = 16 on"), std::string::npos)
      << "at all larger M, too";
}

TEST(AdviseCrossover, AddsUpTheLayersOfAModel) {
  std::vector<Result> rows;
  for (const auto& [layer, bf16, quantized] : {std::tuple{"qkv", 10.0, 30.0}, std::tuple{"down", 90.0, 20.0}}) {
    rows.push_back(timed_row("bf16", 1, bf16, 0));
    rows.push_back(timed_row(int8, 1, quantized, 0));
    for (std::size_t i = rows.size() - 2; i < rows.size(); ++i) rows[i].layer = layer;
  }
  const Advice advice = crossover(run_with(rows));
  EXPECT_EQ(advice.layer, "");
  EXPECT_NEAR(number(advice, "speedup_at_smallest_m"), 2, 1e-12);
  for (auto& row : rows) row.model = "shapes";
  EXPECT_EQ(of_kind(advise(run_with(rows)), "crossover").size(), 2U) << "bare shapes make no whole";
  rows.pop_back();
  for (auto& row : rows) row.model = "org/model";
  EXPECT_TRUE(of_kind(advise(run_with(rows)), "crossover").empty()) << "a layer without a time";
}

TEST(AdviseScheme, NamesTheFastestAndDoesNotSwitchForLittle) {
  std::vector<Result> rows;
  const auto add = [&](std::int64_t m, double bf16, double one, double other, double ahead) {
    rows.push_back(timed_row("bf16", m, bf16));
    rows.push_back(timed_row(int8, m, one));
    rows.push_back(timed_row("int8-tensor-w-tensor-a", m, other));
    rows.push_back(timed_row("int8-tensor-w-tensor-a-noquant", m, ahead));
  };
  add(1, 10, 20, 20, 1);
  add(16, 20, 10, 11, 1);
  add(64, 40, 20, 19.8, 1);  // 1 % is no reason to switch
  add(256, 80, 60, 40, 1);
  const auto advice = of_kind(advise(run_with(rows)), "scheme");
  ASSERT_EQ(advice.size(), 1U);
  EXPECT_EQ(std::get<std::vector<std::string>>(advice[0].numbers.at(0).second),
            (std::vector<std::string>{"bf16", int8, "int8-tensor-w-tensor-a"}));
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(advice[0].numbers.at(1).second),
            (std::vector<std::int64_t>{1, 16, 256}));
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(advice[0].numbers.at(2).second),
            (std::vector<std::int64_t>{1, 64, 256}));
}

TEST(AdviseQuantization, IsTheDifferenceToTheTwinQuantizedAhead) {
  std::vector<Result> rows{timed_row(int8, 1, 10, 1), timed_row(std::string(int8) + "-noquant", 1, 8, 1),
                           timed_row(int8, 64, 100, 1), timed_row(std::string(int8) + "-noquant", 64, 95, 1)};
  const auto advice = of_kind(advise(run_with(rows)), "quantization");
  ASSERT_EQ(advice.size(), 1U);
  EXPECT_NEAR(number(advice[0], "cost_us"), 2, 1e-12);
  EXPECT_NEAR(number(advice[0], "cost_us_half_interval"), std::hypot(0.1, 0.08), 1e-12);
  EXPECT_NEAR(number(advice[0], "largest_share"), 0.2, 1e-12);
  EXPECT_NEAR(number(advice[0], "share_at_largest_m"), 0.05, 1e-12);
  rows[0].noise_pct = rows[1].noise_pct = rows[2].noise_pct = rows[3].noise_pct = 50;
  EXPECT_NE(of_kind(advise(run_with(rows)), "quantization").at(0).text.find("no more than the noise"),
            std::string::npos);
}

TEST(AdviseCliffs, AreMoreThanProportionalGrowth) {
  const auto run = run_with({timed_row("bf16", 128, 100), timed_row("bf16", 129, 150), timed_row("bf16", 256, 200)});
  const auto cliffs = of_kind(advise(run), "cliff");
  ASSERT_EQ(cliffs.size(), 1U);
  EXPECT_EQ(number(cliffs[0], "m"), 128);
  EXPECT_EQ(number(cliffs[0], "next_m"), 129);
  EXPECT_NEAR(number(cliffs[0], "more_per_row"), 1.5 * 128 / 129 - 1, 1e-12);
  const auto noisy = run_with({timed_row("bf16", 128, 100, 40), timed_row("bf16", 129, 150, 40)});
  EXPECT_TRUE(of_kind(advise(noisy), "cliff").empty()) << "the noise may have made it";
}

/// bf16 at M = 1 … `last`: `us` of M.
template <class Us>
ResultSet scan_with(std::int64_t last, double noise_pct, Us us) {
  std::vector<Result> rows;
  for (std::int64_t m = 1; m <= last; ++m) rows.push_back(timed_row("bf16", m, us(m), noise_pct));
  return run_with(std::move(rows));
}

TEST(AdviseScan, IsOneSentenceWithTheLargestSteps) {
  // Tiles of 64 rows: a step after each, of 10 in 30, 40, 50; each row more costs a thousandth.
  const auto tiles = [](std::int64_t m) {
    return 20 + 10 * static_cast<double>((m + 63) / 64) + 0.001 * static_cast<double>(m);
  };
  const auto cliffs = of_kind(advise(scan_with(256, 0.5, tiles)), "cliff");
  ASSERT_EQ(cliffs.size(), 1U);
  EXPECT_EQ(cliffs[0].layer, "qkv");
  EXPECT_EQ(number(cliffs[0], "cliffs"), 3);
  EXPECT_EQ(number(cliffs[0], "scanned_sizes"), 256);
  EXPECT_EQ(number(cliffs[0], "m"), 64);
  EXPECT_EQ(number(cliffs[0], "next_m"), 65);
  EXPECT_NEAR(number(cliffs[0], "more_time"), 40.065 / 30.064 - 1, 1e-12);
  EXPECT_NEAR(number(cliffs[0], "more_per_row"), 40.065 / 30.064 * 64 / 65 - 1, 1e-12);
  for (const char* part :
       {"3 cliffs in the scan of 256 sizes, M = 1 … 256", "M = 64 → 65 (+33 % time: 30.1 µs → 40.1 µs)",
        "M = 128 → 129 (+25 %", "M = 192 → 193 (+20 %"}) {
    EXPECT_NE(cliffs[0].text.find(part), std::string::npos) << cliffs[0].text;
  }
}

TEST(AdviseScan, SaysTheLargestStepWhereNoneIsACliff) {
  const auto smooth = [](std::int64_t m) { return m <= 100 ? 50.0 : 51.0; };
  const auto cliffs = of_kind(advise(scan_with(200, 0.5, smooth)), "cliff");
  ASSERT_EQ(cliffs.size(), 1U);
  EXPECT_EQ(number(cliffs[0], "cliffs"), 0);
  EXPECT_EQ(number(cliffs[0], "m"), 100);
  EXPECT_NE(
      cliffs[0].text.find("no cliff in the scan of 200 sizes, M = 1 … 200; the largest step is M = 100 → 101 (+2 %"),
      std::string::npos)
      << cliffs[0].text;
}

TEST(AdviseScan, SpikesDipsAndNoiseAreNoCliffs) {
  const auto count = [](double noise_pct, auto us) {
    return number(of_kind(advise(scan_with(64, noise_pct, us)), "cliff").at(0), "cliffs");
  };
  EXPECT_EQ(count(0.5, [](std::int64_t m) { return m == 40 ? 80.0 : 50.0; }), 0) << "one slow size";
  EXPECT_EQ(count(0.5, [](std::int64_t m) { return m == 40 ? 20.0 : 50.0; }), 0) << "one fast size";
  const auto step = [](std::int64_t m) { return m <= 32 ? 50.0 : 60.0; };
  EXPECT_EQ(count(0.5, step), 1);
  EXPECT_EQ(count(6, step), 0) << "2·√2·6 % of noise are more than the 16 % past proportion";
  EXPECT_EQ(count(0.5, [](std::int64_t m) { return 10.0 * static_cast<double>(m); }), 0) << "proportional";
}

TEST(AdvisePadding, OfAScanTheSizeThatGainsMostStandsForTheOthers) {
  const auto odd = [](std::int64_t m) { return m % 32 == 0 ? 50.0 : 80.0; };
  const auto paddings = of_kind(advise(scan_with(64, 0.5, odd)), "padding");
  ASSERT_EQ(paddings.size(), 2U);  // to 32 and to 64
  EXPECT_NE(number(paddings[0], "next_m"), number(paddings[1], "next_m"));
}

TEST(AdvisePadding, OfAScanPaysForNoSpike) {
  const auto spike = [](std::int64_t m) { return m == 40 ? 80.0 : 50.0; };
  EXPECT_TRUE(of_kind(advise(scan_with(64, 0.5, spike)), "padding").empty());
}

TEST(AdvisePadding, PaysWhereALargerMTakesLess) {
  const auto run = run_with({timed_row("bf16", 100, 120), timed_row("bf16", 120, 110), timed_row("bf16", 128, 80),
                             timed_row("bf16", 256, 160)});
  const auto paddings = of_kind(advise(run), "padding");
  ASSERT_EQ(paddings.size(), 2U);
  EXPECT_EQ(number(paddings[0], "m"), 100);
  EXPECT_EQ(number(paddings[0], "next_m"), 128);
  EXPECT_NEAR(number(paddings[0], "saved"), 1 - 80.0 / 120, 1e-12);
  EXPECT_TRUE(of_kind(advise(run_with({timed_row("bf16", 1, 10), timed_row("bf16", 2, 9.8)})), "padding").empty());
}

TEST(AdviseAccuracy, WarnsOfPoorOnes) {
  ResultSet run = with_speedups({{1, 2}});
  run.rows[1].sqnr_db = 15;
  Result better = timed_row("int8-tensor-w-tensor-a", 1, 50);
  better.sqnr_db = 40;
  run.rows.push_back(better);
  const auto advice = of_kind(advise(run), "accuracy");
  ASSERT_EQ(advice.size(), 2U);
  EXPECT_NE(advice[0].text.find("Warning"), std::string::npos) << advice[0].text;
  EXPECT_NEAR(number(advice[0], "error_pct"), 17.78, 0.01);  // 10^(−15/20)
  EXPECT_EQ(advice[1].text.find("Warning"), std::string::npos) << advice[1].text;
  EXPECT_NEAR(number(advice[1], "error_pct"), 1, 1e-9);
}

TEST(Advise, CountsNoWrongAnswers) {
  ResultSet run = with_speedups({{1, 2}});
  run.rows[1].outcome = Outcome::incorrect;
  EXPECT_TRUE(of_kind(advise(run), "crossover").empty());
  bool told = false;
  for (const auto& note : of_kind(advise(run), "note")) told = told || note.text.find("1 row is wrong or failed") == 0;
  EXPECT_TRUE(told);
}

TEST(Advise, TakesTheFastestEngine) {
  ResultSet run = with_speedups({{1, 2}});
  Result slow = timed_row(int8, 1, 400);
  slow.engine = "reference";
  run.rows.push_back(slow);
  EXPECT_NEAR(number(crossover(run), "speedup_at_smallest_m"), 2, 1e-12);
}

TEST(Advise, SurvivesHostileResults) {
  ResultSet run = with_speedups({{1, 2}, {16, 3}});
  run.rows[0].median_us = std::numeric_limits<double>::infinity();
  run.rows[1].noise_pct = std::numeric_limits<double>::quiet_NaN();
  run.rows[2].median_us = 1e-300;
  run.rows[3].median_us = 1e300;
  run.rows[3].layer = "x\x1b[31m\n";
  const auto advice = advise(run);
  EXPECT_EQ(render_advice(advice, run.context).find('\x1b'), std::string::npos);
  EXPECT_FALSE(advice_to_json(advice, run.context).empty());
  EXPECT_NE(render_advice(advise({}), {}).find("Nothing was measured"), std::string::npos);
}

}  // namespace
}  // namespace qgemm
