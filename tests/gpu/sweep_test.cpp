// Whole sweeps on a GPU through the public interface.
#include "qgemm/sweep.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

#include "gpu_test.hpp"
#include "qgemm/error.hpp"
#include "qgemm/scheme.hpp"

namespace qgemm {
namespace {

class CudaSweep : public testing::GpuTest {
 protected:
  static SweepOptions options() {
    SweepOptions options;
    options.device = "cuda";
    options.max_time = 0.005;
    options.min_samples = 3;
    return options;
  }
  static bool fine(const Result& row) { return row.outcome == Outcome::ok || row.outcome == Outcome::noisy; }
};

TEST_F(CudaSweep, EveryProviderAndEngineOnOddShapes) {
  SweepOptions o = options();
  o.shapes = {{1, 64, 64},     {3, 100, 70},   {17, 129, 333},  {33, 1000, 257},
              {100, 40, 1000}, {129, 257, 48}, {1000, 520, 272}};
  o.providers = {"all"};
  o.engines = {"all"};
  int measured = 0;
  for (const Result& row : run_sweep(o).rows) {
    EXPECT_TRUE(fine(row) || row.outcome == Outcome::unsupported)
        << row.provider << "/" << row.engine << " " << to_string(row.shape) << ": " << name(row.outcome) << " "
        << row.message;
    EXPECT_FALSE(row.outcome == Outcome::unsupported && row.message.empty());
    EXPECT_TRUE(!fine(row) || !parse_provider(row.provider).integer() || row.exact == true);
    measured += fine(row);
  }
  EXPECT_GT(measured, 300);
}

// The device's own codes, copied from it, are those that a CPU makes of the same operands.
TEST_F(CudaSweep, SaysWhatItMultipliedAsACpuDoes) {
  for (const char* data : {"normal", "outlier", "zeros"}) {
    SweepOptions o = options();
    o.shapes = {{200, 129, 1000}};
    o.data = data;
    o.providers = {"bf16", "int8-*-w-token-a*", "int8-tensor-w-tensor-a*", "int8-channel-w-dyntensor-a"};
    const ResultSet gpu = run_sweep(o);
    o.device = "cpu";
    const ResultSet cpu = run_sweep(o);
    ASSERT_FALSE(gpu.context.operands.empty());
    ASSERT_EQ(gpu.context.operands.size(), cpu.context.operands.size());
    for (std::size_t i = 0; i < gpu.context.operands.size(); ++i) {
      const OperandFacts &a = gpu.context.operands[i], &b = cpu.context.operands[i];
      SCOPED_TRACE(a.of + " " + a.type + " " + a.granularity + " of " + data);
      EXPECT_EQ(a.of + a.type + a.granularity, b.of + b.type + b.granularity);
      EXPECT_EQ(a.absmax, b.absmax);
      EXPECT_EQ(a.zeros_pct, b.zeros_pct);
      EXPECT_EQ(a.entropy_bits, b.entropy_bits);
      EXPECT_EQ(a.elements, b.elements);
    }
  }
}

TEST_F(CudaSweep, FewBitsAreLeftOfZerosInFp8Too) {
  SweepOptions o = options();
  o.shapes = {{64, 128, 1024}};
  o.providers = {"fp8-channel-w-token-a"};
  const auto normal = run_sweep(o).context.operands;
  if (normal.empty()) GTEST_SKIP() << "this GPU has no fp8";
  for (const OperandFacts& facts : normal) {
    EXPECT_EQ(facts.type, "e4m3");
    EXPECT_EQ(facts.absmax, 448);
    EXPECT_LT(facts.zeros_pct, 0.1);
    EXPECT_NEAR(facts.entropy_bits, 6.5, 0.2);
  }
  o.data = "zeros";
  for (const OperandFacts& facts : run_sweep(o).context.operands) EXPECT_EQ(facts.zeros_pct, 100);
}

TEST_F(CudaSweep, ColdRowsRotateOverMoreThanTwiceTheCache) {
  SweepOptions o = options();
  o.shapes = {{8, 1024, 1024}, {512, 4096, 4096}};
  o.cache = {CacheState::hot, CacheState::cold};
  o.engines = {"all"};
  for (const Result& row : run_sweep(o).rows) {
    if (row.outcome == Outcome::unsupported) continue;
    EXPECT_TRUE(fine(row)) << row.provider << "/" << row.engine << ": " << row.message;
    EXPECT_TRUE(row.cache == CacheState::hot || row.working_set_bytes > 2 * device().l2_bytes) << row.provider;
  }
}

TEST_F(CudaSweep, BiasAndOtherOutputTypes) {
  SweepOptions o = options();
  o.shapes = {{64, 512, 512}, {7, 130, 200}};
  o.providers = {"bf16", "int8-channel-w-token-a", "int8-channel-w-token-a-azp", "fp8-channel-w-token-a"};
  o.engines = {"all"};
  o.bias = true;
  for (const DType output : {DType::bf16, DType::f16, DType::f32}) {
    o.output = output;
    for (const Result& row : run_sweep(o).rows) {
      EXPECT_TRUE(fine(row) || row.outcome == Outcome::unsupported)
          << row.provider << "/" << row.engine << " " << name(output) << ": " << row.message;
    }
  }
}

TEST_F(CudaSweep, APointThatDoesNotFitIsARow) {
  SweepOptions o = options();
  o.shapes = {{64, 4096, 4096}};
  o.max_memory = 0.01;
  for (const Result& row : run_sweep(o).rows) {
    EXPECT_EQ(row.outcome, Outcome::out_of_memory);
    EXPECT_NE(row.message.find("MiB"), std::string::npos) << row.message;
  }
}

TEST_F(CudaSweep, TheSameSeedGivesTheSameErrorsAsTheCpu) {
  SweepOptions o = options();
  o.shapes = {{16, 256, 512}};
  o.providers = {"int8-channel-w-token-a", "int8-tensor-w-tensor-a", "int8-channel-w-token-a-azp"};
  const auto gpu = run_sweep(o).rows;
  o.device = "cpu";
  const auto cpu = run_sweep(o).rows;
  ASSERT_EQ(gpu.size(), cpu.size());
  for (std::size_t i = 0; i < gpu.size(); ++i) {
    ASSERT_TRUE(gpu[i].sqnr_db && cpu[i].sqnr_db) << gpu[i].message << cpu[i].message;
    EXPECT_NEAR(*gpu[i].sqnr_db, *cpu[i].sqnr_db, 1e-6) << gpu[i].provider;
  }
}

TEST_F(CudaSweep, ANamedKernelIsTheOneThatRuns) {
  SweepOptions o = options();
  o.shapes = {{24, 512, 1024}, {700, 1040, 512}};  // of no table: the choice is found by trying
  o.providers = {"int8-channel-w-token-a", "int8-channel-w-token-a-noquant", "fp8-channel-w-token-a"};
  o.engines = {"cutlass"};
  o.cache = {CacheState::hot, CacheState::cold};
  for (const Result& row : run_sweep(o).rows) {
    if (row.outcome == Outcome::unsupported) continue;
    SweepOptions again = options();
    again.shapes = {row.shape};
    again.providers = {row.provider};
    again.engines = {row.engine};
    again.cache = {row.cache};
    again.kernel = row.kernel;
    EXPECT_NE(row.repro.find("--kernel"), std::string::npos);
    const auto rows = run_sweep(again).rows;
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_TRUE(fine(rows[0])) << rows[0].message;
    EXPECT_EQ(rows[0].kernel, row.kernel);
    EXPECT_EQ(rows[0].repro, row.repro);
    if (row.kernel.find("_wgmma_") != std::string::npos) {
      const bool streams = row.kernel.find(" streaming") != std::string::npos;
      EXPECT_EQ(streams, row.cache == CacheState::cold && row.shape.m == 24) << row.kernel;
    }
  }
  o.kernel = "sm90_no_such_kernel";
  for (const Result& row : run_sweep(o).rows) {
    EXPECT_EQ(row.outcome, Outcome::unsupported);
    EXPECT_NE(row.message.find("sm90_no_such_kernel"), std::string::npos) << row.message;
  }
}

TEST_F(CudaSweep, CallsThatQuantizeSayWhatLaunchingTakes) {
  SweepOptions o = options();
  o.shapes = {{16, 512, 512}};
  o.providers = {"bf16", "int8-channel-w-token-a", "int8-channel-w-token-a-noquant"};
  for (const Result& row : run_sweep(o).rows) {
    ASSERT_TRUE(fine(row)) << row.message;
    EXPECT_EQ(row.launch_us.has_value(), row.provider == "int8-channel-w-token-a") << row.provider;
    const double launch = row.launch_us.value_or(1);
    EXPECT_TRUE(launch > 0.1 && launch < 50) << launch;
    EXPECT_EQ(row.speedup_noise_pct.has_value(), row.provider != "bf16" && row.samples >= 5);
  }
}

class Counting final : public SweepObserver {
 public:
  void finished(const Result& row) override { rows.push_back(row); }
  void progress(std::int64_t done, std::int64_t all, double) override { last_done = done, of = all; }
  std::vector<Result> rows;
  std::int64_t last_done = 0, of = 0;
};

// Points at the power limit are visited once, and sampled on together later.
TEST_F(CudaSweep, RowsOfHeavyPointsComeTwiceTheSecondTimeBetterKnown) {
  SweepOptions o = options();
  o.min_samples = 5;
  o.shapes = {{1, 512, 512}, {1024, 4096, 4096}, {2048, 4096, 4096}};
  o.providers = {"bf16", "int8-channel-w-token-a"};
  Counting seen;
  SweepRun run;
  run.observer = &seen;
  const auto rows = run_sweep(o, run).rows;
  ASSERT_EQ(rows.size(), 6U);
  EXPECT_EQ(seen.rows.size(), 2U + 2 * 4U);
  EXPECT_EQ(seen.last_done, seen.of);
  for (const Result& row : rows) {
    ASSERT_TRUE(fine(row)) << row.message;
    EXPECT_EQ(row.message.find("first visit"), std::string::npos) << row.message;
    EXPECT_GE(row.samples, o.min_samples);
    const bool heavy = row.shape.m > 1;
    EXPECT_EQ(row.clock_exponent.has_value(), heavy);
    EXPECT_EQ(row.samples_mhz.size(), heavy ? row.samples_us.size() : 0U);
    const auto last =
        std::find_if(seen.rows.rbegin(), seen.rows.rend(), [&](const auto& r) { return same_case(r, row); });
    EXPECT_EQ(last->median_us, row.median_us) << "the last word counts";
    EXPECT_EQ(row.quantize_us.has_value(), row.provider != "bf16");
  }
}

// Where not all points fit on the device at once, those that are held are finished first.
TEST_F(CudaSweep, PointsThatDoNotFitTogetherAreAllSampled) {
  SweepOptions o = options();
  o.shapes = {{1024, 4096, 4096}, {2048, 4096, 4096}, {4096, 4096, 4096}};
  o.providers = {"bf16", "int8-channel-w-token-a-noquant"};
  o.max_memory = 0.7;
  for (const Result& row : run_sweep(o).rows) {
    EXPECT_TRUE(fine(row)) << row.message;
    EXPECT_EQ(row.message.find("first visit"), std::string::npos) << row.message;
  }
}

TEST_F(CudaSweep, LimitsThatAreNotKeptAreMeasuredAfterTheRows) {
  struct Begin final : SweepObserver {
    void started(const Context& context, std::int64_t /*rows*/) override { limits = context.limits.size(); }
    std::size_t limits = 99;
  } begin;
  SweepOptions o = options();
  o.shapes = {{16, 256, 512}, {512, 2048, 2048}};
  o.providers = {"bf16", "int8-channel-w-token-a"};
  SweepRun run;
  run.observer = &begin;
  const ResultSet first = run_sweep(o, run);
  EXPECT_EQ(begin.limits, 0U) << "nothing of the kind comes before the rows";
  EXPECT_FALSE(first.context.limits_date.empty());
  ASSERT_EQ(first.rows.size(), 4U);
  for (const Result& row : first.rows) {
    ASSERT_TRUE(fine(row)) << row.message;
    EXPECT_GT(row.limit_us.value_or(0), 0);
    EXPECT_TRUE(row.bound.has_value());
  }

  // Where they are known, rows have them at once: the same figures, of the same limits.
  run.context = &first.context;
  run.done = first.rows;
  const ResultSet again = run_sweep(o, run);
  EXPECT_EQ(begin.limits, first.context.limits.size());
  for (std::size_t i = 0; i < first.rows.size(); ++i) EXPECT_EQ(again.rows[i].limit_us, first.rows[i].limit_us);
}

TEST_F(CudaSweep, AGpuThatIsNotThereIsSaidSo) {
  SweepOptions o = options();
  o.device = "cuda:99";
  EXPECT_THROW(run_sweep(o), Unavailable);
}

}  // namespace
}  // namespace qgemm
