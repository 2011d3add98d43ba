// Whole sweeps of tiny shapes through the library's own interface. Timing is never asserted.
#include "qgemm/sweep.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>

#include "qgemm/error.hpp"

namespace qgemm {
namespace {

SweepOptions tiny() {
  SweepOptions options;
  options.device = "cpu";
  options.shapes = {{3, 48, 80}, {17, 33, 65}};
  options.max_time = 0.005;
  options.min_samples = 3;
  options.threads = 1;
  return options;
}

class Recorder final : public SweepObserver {
 public:
  void started(const Context& context, std::int64_t count) override {
    limits = context.limits.size(), announced = count;
  }
  void finished(const Result& row) override {
    rows.push_back(row);
    if (stop_after > 0 && static_cast<int>(rows.size()) >= stop_after) stop = true;
  }
  void progress(std::int64_t done, std::int64_t of, double left) override {
    EXPECT_LE(done, of);
    EXPECT_GE(left, 0);
  }
  std::vector<Result> rows;
  std::size_t limits = 0;
  std::int64_t announced = 0;
  int stop_after = 0;
  std::atomic<bool> stop{false};
};

TEST(Sweep, EveryProviderOfEveryPointIsARow) {
  SweepOptions options = tiny();
  options.providers = {"bf16", "f32", "int8-*"};
  Recorder recorder;
  SweepRun run;
  run.observer = &recorder;
  const ResultSet results = run_sweep(options, run);
  EXPECT_EQ(results.rows.size(), 2U * 26U);
  EXPECT_EQ(recorder.rows.size(), results.rows.size());
  EXPECT_EQ(recorder.announced, static_cast<std::int64_t>(results.rows.size()));
  EXPECT_GT(recorder.limits, 3U);
  for (const auto& row : results.rows) {
    SCOPED_TRACE(row.provider + " " + to_string(row.shape) + ": " + row.message);
    ASSERT_TRUE(row.outcome == Outcome::ok || row.outcome == Outcome::noisy || row.outcome == Outcome::unsupported);
    if (!row.measured()) continue;
    EXPECT_GT(*row.tflops, 0);
    EXPECT_FALSE(row.kernel.empty());
    EXPECT_NE(row.engine, "auto");
    EXPECT_FALSE(row.repro.empty());
    EXPECT_GT(*row.speedup_f32, 0);
    EXPECT_EQ(row.exact.has_value(), row.provider.starts_with("int8"));
    if (row.exact) {
      EXPECT_TRUE(*row.exact);
    }
    EXPECT_GT(*row.sqnr_db, row.provider == "f32" ? 100 : 25);
  }
}

TEST(Sweep, TheReferenceEngineRunsWhereverItIsAskedTo) {
  SweepOptions options = tiny();
  options.engines = {"reference"};
  options.providers = {"default", "fp8-tensor-w-tensor-a"};
  options.output = DType::f16;
  options.bias = true;
  options.cache = {CacheState::hot, CacheState::cold};
  for (const auto& row : run_sweep(options).rows) {
    EXPECT_EQ(row.engine, "reference");
    if (row.provider.starts_with("fp8")) {
      EXPECT_EQ(row.outcome, Outcome::unsupported);
      EXPECT_FALSE(row.message.empty());
    } else {
      EXPECT_TRUE(row.measured()) << row.provider << ": " << row.message;
    }
  }
}

TEST(Sweep, AllZerosAreNoFailure) {
  SweepOptions options = tiny();
  options.data = "zeros";
  for (const auto& row : run_sweep(options).rows) EXPECT_TRUE(row.measured()) << row.provider << ": " << row.message;
}

const OperandFacts* find_operand(const ResultSet& results, const std::string& of, const std::string& granularity) {
  for (const auto& facts : results.context.operands) {
    if (facts.of == of && facts.granularity == granularity) return &facts;
  }
  return nullptr;
}

TEST(Sweep, SaysWhatItMultiplied) {
  SweepOptions options = tiny();
  options.shapes = {{64, 48, 512}};
  options.providers = {"bf16", "int8-channel-w-token-a*", "int8-tensor-w-tensor-a", "fp8-tensor-w-tensor-a"};
  const ResultSet normal = run_sweep(options);
  // bf16 and what fp8 cannot run here aside: token, token-azp, tensor; channel, tensor; -noquant is the same.
  EXPECT_EQ(normal.context.operands.size(), 2U + 3U + 2U);
  for (const auto& facts : normal.context.operands) {
    SCOPED_TRACE(facts.of + " " + facts.type + " " + facts.granularity);
    EXPECT_EQ(facts.data, "normal");
    EXPECT_EQ(facts.elements, (facts.of == "weights" ? 48 : 64) * 512);
    if (facts.type != "int8") continue;
    EXPECT_GE(facts.absmax, 127);
    EXPECT_LT(facts.zeros_pct, 3);
    EXPECT_GT(facts.entropy_bits, 6);
    EXPECT_LE(facts.entropy_bits, 8);
  }
  options.data = "zeros";
  for (const auto& facts : run_sweep(options).context.operands) {
    EXPECT_EQ(facts.zeros_pct, 100) << facts.type << " " << facts.granularity;
    EXPECT_EQ(facts.entropy_bits, 0);
    EXPECT_EQ(facts.absmax, 0);
  }
}

// What --data outlier is for: massive tokens make one scale for all of them too coarse for the others.
TEST(Sweep, OutliersBreakOneScaleForAllTokens) {
  SweepOptions options = tiny();
  options.shapes = {{256, 64, 4096}};
  options.providers = {"int8-channel-w-tensor-a", "int8-channel-w-token-a"};
  const ResultSet normal = run_sweep(options);
  EXPECT_LT(*normal.rows[1].sqnr_db - *normal.rows[0].sqnr_db, 5);
  EXPECT_GT(*normal.rows[0].sqnr_db, 30);
  options.data = "outlier";
  const ResultSet outlier = run_sweep(options);
  EXPECT_GT(*outlier.rows[1].sqnr_db - *outlier.rows[0].sqnr_db, 6) << "seed " << options.seed;
  EXPECT_LT(*outlier.rows[0].sqnr_db, 20) << "where qgemm advise warns";
  EXPECT_GT(*outlier.rows[1].sqnr_db, 20);
  ASSERT_NE(find_operand(outlier, "activations", "tensor"), nullptr);
  EXPECT_GT(find_operand(outlier, "activations", "tensor")->zeros_pct, 5);
}

TEST(Sweep, TheReferencesConstantScaleKeepsValuesSmall) {
  SweepOptions options = tiny();
  options.scales = "constant";
  options.providers = {"int8-tensor-w-tensor-a", "int8-channel-w-token-a"};
  const auto rows = run_sweep(options).rows;
  // N(0,1) rounded to whole numbers: far coarser than absmax scales, per tensor; channels and tokens keep their own.
  EXPECT_LT(*rows[0].sqnr_db, 15);
  EXPECT_GT(*rows[1].sqnr_db, 30);
}

TEST(Sweep, AStoppedSweepGoesOnWhereItWas) {
  SweepOptions options = tiny();
  Recorder recorder;
  recorder.stop_after = 6;  // the first point
  SweepRun run;
  run.observer = &recorder;
  run.stop = &recorder.stop;
  const ResultSet first = run_sweep(options, run);
  ASSERT_EQ(first.rows.size(), 12U);
  EXPECT_TRUE(first.rows[5].measured());
  EXPECT_EQ(first.rows[6].outcome, Outcome::skipped);
  EXPECT_FALSE(first.rows[6].message.empty());

  Recorder second;
  SweepRun rest;
  rest.observer = &second;
  rest.done = first.rows;
  rest.context = &first.context;
  const ResultSet whole = run_sweep(options, rest);
  ASSERT_EQ(whole.rows.size(), 12U);
  EXPECT_EQ(second.rows.size(), 6U);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_TRUE(whole.rows[i].measured());
    if (i < 6) {
      EXPECT_EQ(whole.rows[i].samples_us, first.rows[i].samples_us);
    }
  }
  EXPECT_EQ(whole.context.date, first.context.date);
}

TEST(Sweep, TooLittleMemoryIsARow) {
  SweepOptions options = tiny();
  options.max_memory = 1e-6;
  for (const auto& row : run_sweep(options).rows) {
    EXPECT_EQ(row.outcome, Outcome::out_of_memory);
    EXPECT_NE(row.message.find("memory"), std::string::npos);
  }
}

TEST(Sweep, ThePlanAgreesWithTheRun) {
  SweepOptions options = tiny();
  options.providers = {"default", "fp8-tensor-w-tensor-a"};
  const SweepPlan plan = plan_sweep(options);
  EXPECT_EQ(plan.points.size(), 2U);
  EXPECT_EQ(plan.rows, 14);
  EXPECT_GT(plan.largest_memory_bytes, 0);
  EXPECT_GT(plan.available_memory_bytes, plan.largest_memory_bytes);
  EXPECT_GT(plan.seconds, 0);
  EXPECT_EQ(plan.points[0].providers.back(), "fp8-tensor-w-tensor-a/unsupported");
}

TEST(Sweep, DevicesThatAreNotThereAreSaidSo) {
  SweepOptions options = tiny();
  options.device = "cuda:4096";
  EXPECT_THROW(run_sweep(options), Unavailable);
  options.device = "tpu";
  EXPECT_THROW(run_sweep(options), InvalidInput);
  options.device = "cpu";
  options.threads = 100'000;
  EXPECT_THROW(run_sweep(options), InvalidInput);
}

TEST(Sweep, TheReferencesTimerTakesAGpu) {
  SweepOptions options = tiny();
  options.timer = "reference";
  EXPECT_THROW(plan_sweep(options), InvalidInput);
  options.timer = "stopwatch";
  EXPECT_THROW(plan_sweep(options), InvalidInput);
}

TEST(Sweep, AnObserversExceptionEndsIt) {
  class Full final : public SweepObserver {
    void finished(const Result&) override { throw Unavailable("the disk is full"); }
  } full;
  SweepRun run;
  run.observer = &full;
  EXPECT_THROW(run_sweep(tiny(), run), Unavailable);
}

}  // namespace
}  // namespace qgemm
