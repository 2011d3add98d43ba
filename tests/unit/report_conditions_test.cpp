// What a report says of the circumstances of a run.
#include <gtest/gtest.h>

#include "qgemm/report.hpp"
#include "report/conditions.hpp"
#include "results_sample.hpp"

namespace qgemm {
namespace {

TEST(Conditions, AnOrdinaryRunHasNothingToSay) {
  EXPECT_TRUE(conditions_of({}).empty());
  EXPECT_TRUE(conditions_of(sample_run(2, 3).rows).empty());
}

TEST(Conditions, LowClocksAreCountedWithTheirReasons) {
  ResultSet run = sample_run(1, 1);
  for (auto& row : run.rows) row.clock_mhz = 1980, row.throttle = "none";
  run.rows[1].clock_mhz = 1320;
  run.rows[1].throttle = "power cap";
  run.rows[1].typical_clock_us = 5;
  EXPECT_EQ(conditions_of(run.rows),
            (std::vector<std::string>{
                "Clock: 1 of 6 rows ran more than 3 % under the run's typical 1980 MHz, down to 1320 (power cap); what "
                "they would take at it is their typical_clock_us."}));
}

TEST(Conditions, DriftsPastAPercentAreSaid) {
  ResultSet run = sample_run(1, 1);
  run.rows[0].drift_pct = 0.9;
  EXPECT_TRUE(conditions_of(run.rows).empty());
  run.rows[1].drift_pct = 1.5;
  run.rows[2].drift_pct = -2.25;
  EXPECT_EQ(conditions_of(run.rows),
            std::vector<std::string>{"Drift: the time of 2 rows moved while it was measured, by -2.2 % at most."});
}

TEST(Conditions, PartsThatAddUpAreSaidToDoSo) {
  ResultSet run = sample_run(1, 1);
  for (const std::size_t i : {2U, 4U}) {
    run.rows[i].median_us = 10;
    run.rows[i].quantize_us = 2;
    run.rows[i].gemm_us = i == 2 ? 8 : 10.5;
  }
  EXPECT_EQ(conditions_of(run.rows),
            std::vector<std::string>{"Split: quantization and product, each timed by itself, add up to 112 % of their "
                                     "call (100 … 125 %)."});
}

TEST(Conditions, AreInTheSummaryAndInMarkdown) {
  ResultSet run = sample_run(1, 1);
  run.rows[1].drift_pct = 1.5;
  EXPECT_NE(render_summary(run, false).find("Drift: the time of 1 row moved"), std::string::npos);
  EXPECT_NE(render_markdown(run).find("Drift: the time of 1 row moved"), std::string::npos);
}

}  // namespace
}  // namespace qgemm
