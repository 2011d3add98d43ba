// What a report says of the circumstances of a run.
#include <gtest/gtest.h>

#include <cstdint>

#include "qgemm/report.hpp"
#include "report/conditions.hpp"
#include "results_sample.hpp"

namespace qgemm {
namespace {

TEST(Conditions, AnOrdinaryRunHasNothingToSay) {
  EXPECT_TRUE(conditions_of({}).empty());
  EXPECT_TRUE(conditions_of(sample_run(2, 3)).empty());
}

TEST(Conditions, OperandsThatFlatterAreSaid) {
  ResultSet run = sample_run(1, 1);
  const auto facts = [](const char* of, const char* type, const char* granularity, double zeros_pct, double bits,
                        std::int64_t elements = 65536) {
    return OperandFacts{of, type, granularity, "normal", 127, zeros_pct, bits, elements};
  };
  run.context.operands = {facts("activations", "bf16", "none", 0, 2.6),
                          facts("activations", "int8", "tensor", 2.2, 6.4),
                          facts("weights", "e4m3", "channel", 0.01, 6.2), facts("weights", "int8", "tensor", 0, 5, 32),
                          facts("weights", "int8", "tensor", 10, 3, 64)};
  EXPECT_TRUE(conditions_of(run).empty()) << "normal data, and samples too small to tell";
  run.context.operands.push_back(facts("weights", "e4m3", "channel", 100, 0));
  run.context.operands.push_back(facts("activations", "int8", "tensor", 6.5, 4));
  EXPECT_EQ(
      conditions_of(run),
      std::vector<std::string>{
          "Operands: some say little, draw less power and flatter these times: weights (e4m3, scale per channel): "
          "100 % zeros, 0.0 bits; activations (int8, scale per tensor): 6.5 % zeros, 4.0 bits. Normal data have up "
          "to 2 % zeros and 6 to 7 bits in 8."});
  run.context.operands = {facts("weights", "bf16", "none", 100, 0, 6)};
  EXPECT_EQ(conditions_of(run).size(), 1U) << "nothing but zeros, however few";
  run.context.operands.clear();
  EXPECT_TRUE(conditions_of(run).empty());
}

TEST(Conditions, LowClocksAreCountedWithTheirReasons) {
  ResultSet run = sample_run(1, 1);
  for (auto& row : run.rows) row.clock_mhz = 1980, row.throttle = "none";
  run.rows[1].clock_mhz = 1320;
  run.rows[1].throttle = "power cap";
  run.rows[1].typical_clock_us = 5;
  EXPECT_EQ(conditions_of(run),
            (std::vector<std::string>{
                "Clock: 1 of 6 rows ran more than 3 % under the run's typical 1980 MHz, down to 1320 (power cap); what "
                "they would take at it is their typical_clock_us."}));
}

TEST(Conditions, DriftsPastAPercentAreSaid) {
  ResultSet run = sample_run(1, 1);
  run.rows[0].drift_pct = 0.9;
  EXPECT_TRUE(conditions_of(run).empty());
  run.rows[1].drift_pct = 1.5;
  run.rows[2].drift_pct = -2.25;
  EXPECT_EQ(conditions_of(run),
            std::vector<std::string>{"Drift: the time of 2 rows moved while it was measured, by -2.2 % at most."});
}

TEST(Conditions, PartsThatAddUpAreSaidToDoSo) {
  ResultSet run = sample_run(1, 1);
  for (const std::size_t i : {2U, 4U}) {
    run.rows[i].median_us = 10;
    run.rows[i].quantize_us = 2;
    run.rows[i].gemm_us = i == 2 ? 8 : 10.5;
  }
  EXPECT_EQ(conditions_of(run),
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
