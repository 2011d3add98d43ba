// The parts of a run, with an engine made for the purpose: one that can be told to be wrong, to fail or to run out.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <set>

#include "engines/reference/reference_engine.hpp"
#include "operands/random_operands.hpp"
#include "qgemm/error.hpp"
#include "run/repro.hpp"
#include "testbed/cpu/cpu_testbed.hpp"
#include "testbed/cpu/measure_point.hpp"
#include "testbed/memory_plan.hpp"
#include "testbed/roofline.hpp"

namespace qgemm {
namespace {

/// What the scripted engine does wrong.
enum class Fault : std::uint8_t {
  none,
  wrong_sum,
  wrong_output,
  wrong_scale,
  changes_later,
  throws_unavailable,
  throws_memory,
  throws_other,
  dies_later
};

class ScriptedGemm final : public PreparedGemm {
 public:
  ScriptedGemm(std::unique_ptr<PreparedGemm> inner, Fault fault) : inner_(std::move(inner)), fault_(fault) {}
  std::string kernel() const override { return "scripted"; }
  void launch(int set) override {
    inner_->launch(set);
    ++launches_;
    if (fault_ == Fault::dies_later && launches_ > 2) throw std::runtime_error("the kernel went away");
    auto d = inner_->output();
    auto* bytes = static_cast<std::uint16_t*>(const_cast<void*>(d.data));
    if (fault_ == Fault::wrong_output) bytes[d.rows * d.cols / 2] ^= 0x0100;
    if (fault_ == Fault::changes_later && launches_ > 3) bytes[1] ^= 0x0001;
    if (fault_ == Fault::wrong_scale) const_cast<QuantizedActivations*>(inner_->activations())->scales[0] *= 1.5F;
  }
  void launch_quantize() override { inner_->launch_quantize(); }
  void launch_product(int set) override { inner_->launch_product(set); }
  ConstMatrixView output() const override { return inner_->output(); }
  const QuantizedActivations* activations() const override { return inner_->activations(); }
  bool accumulate(std::span<std::int32_t> sums) override {
    const bool given = inner_->accumulate(sums);
    if (fault_ == Fault::wrong_sum) sums[sums.size() / 3] += 1;
    return given;
  }
  std::int64_t weight_bytes() const override { return inner_->weight_bytes(); }

 private:
  std::unique_ptr<PreparedGemm> inner_;
  Fault fault_;
  int launches_ = 0;
};

class ScriptedEngine final : public HostEngine {
 public:
  explicit ScriptedEngine(Fault fault) : fault_(fault) {}
  std::string_view name() const override { return "scripted"; }
  std::string description() const override { return "for tests"; }
  Support supports(const GemmSpec&) const override { return Support::yes(); }
  std::int64_t memory_bytes(const GemmSpec&, int) const override { return bytes; }
  std::int64_t set_bytes(const GemmSpec& spec) const override { return inner_->set_bytes(spec); }
  std::unique_ptr<PreparedGemm> prepare(const GemmSpec& spec, const Operands& operands) const override {
    if (fault_ == Fault::throws_unavailable) throw Unavailable("no kernel for this");
    if (fault_ == Fault::throws_memory) throw OutOfMemory("no room");
    if (fault_ == Fault::throws_other) throw std::runtime_error("something broke");
    return std::make_unique<ScriptedGemm>(inner_->prepare(spec, operands), fault_);
  }
  std::int64_t bytes = 1000;

 private:
  std::unique_ptr<HostEngine> inner_ = reference::make_engine();
  Fault fault_;
};

class MeasurePoint : public ::testing::Test {
 protected:
  static constexpr Shape shape{6, 40, 64};

  Result measure(Fault fault, const char* provider = "int8-channel-w-token-a",
                 const std::atomic<bool>* stop = nullptr) {
    const ScriptedEngine engine(fault);
    PlannedRow planned;
    planned.c.provider = provider;
    planned.c.spec = {shape, parse_provider(provider), false};
    planned.row = row_of(planned.c);
    planned.engine = &engine;
    planned.sets = 3;
    auto weights =
        std::make_shared<LayerWeights>(random_weights(shape.n, shape.k, DataKind::normal, 1), ScaleSource::absmax);
    const Matrix a = random_activations(shape.m, shape.k, DataKind::normal, 2);
    const Sample sample = choose_sample(shape, 3, 64);
    const auto truth = float_truth(a.view(), weights->original().view(), {}, sample);
    LayerProofs proofs(4);
    PointInputs inputs;
    inputs.weights = weights;
    inputs.activations = a.view();
    inputs.truth = &truth;
    inputs.sample = &sample;
    inputs.proofs = &proofs;
    SweepOptions options;
    options.max_time = 0.01;
    std::vector<PlannedRow*> rows{&planned};
    std::mt19937_64 order(5);
    measure_together(rows, inputs, options, order, stop);
    return planned.row;
  }
};

TEST_F(MeasurePoint, ARightProductIsTimedAndDescribed) {
  const Result row = measure(Fault::none);
  EXPECT_TRUE(row.outcome == Outcome::ok || row.outcome == Outcome::noisy) << row.message;
  EXPECT_EQ(row.kernel, "scripted");
  ASSERT_TRUE(row.measured());
  EXPECT_GT(*row.median_us, 0);
  EXPECT_LE(*row.p20_us, *row.median_us);
  EXPECT_LE(*row.median_us, *row.p80_us);
  EXPECT_GE(*row.tflops_high, *row.tflops);
  EXPECT_NEAR(*row.tflops, shape.flops() / *row.median_us * 1e-6, 1e-12);
  EXPECT_EQ(row.samples, static_cast<std::int64_t>(row.samples_us.size()));
  EXPECT_EQ(row.exact, true);
  EXPECT_GT(*row.sqnr_db, 30);
  EXPECT_TRUE(row.quantize_us.has_value());
  EXPECT_TRUE(row.gemm_us.has_value());
  EXPECT_EQ(row.working_set_bytes, 3 * shape.n * shape.k);
}

TEST_F(MeasurePoint, AWrongResultIsNeverATime) {
  for (const Fault fault : {Fault::wrong_sum, Fault::wrong_output, Fault::wrong_scale, Fault::changes_later}) {
    const Result row = measure(fault);
    EXPECT_EQ(row.outcome, Outcome::incorrect) << static_cast<int>(fault);
    EXPECT_FALSE(row.measured());
    EXPECT_FALSE(row.message.empty());
    EXPECT_EQ(row.exact, false);
  }
  const Result row = measure(Fault::wrong_output, "bf16");
  EXPECT_FALSE(row.exact.has_value());
}

TEST_F(MeasurePoint, FailuresBecomeRowsThatSayWhy) {
  EXPECT_EQ(measure(Fault::throws_unavailable).outcome, Outcome::unsupported);
  EXPECT_EQ(measure(Fault::throws_unavailable).message, "no kernel for this");
  EXPECT_EQ(measure(Fault::throws_memory).outcome, Outcome::out_of_memory);
  EXPECT_EQ(measure(Fault::throws_other).outcome, Outcome::failed);
  const Result row = measure(Fault::dies_later);
  EXPECT_EQ(row.outcome, Outcome::failed);
  EXPECT_FALSE(row.measured());
}

TEST_F(MeasurePoint, AStopLeavesTheRowSkipped) {
  const std::atomic<bool> stop{true};
  EXPECT_EQ(measure(Fault::none, "bf16", &stop).outcome, Outcome::skipped);
}

TEST(MemoryPlan, GroupsWhatFitsAndNamesWhatDoesNot) {
  ScriptedEngine engine(Fault::none);
  const Shape shape{1, 10, 10};
  std::vector<PlannedRow> rows(3);
  for (auto& planned : rows) planned.engine = &engine, planned.c.spec = {shape, parse_provider("bf16"), false};
  const std::int64_t shared = shared_bytes(shape, rows), one = 1000 + 4 * 10;
  EXPECT_EQ(point_bytes(shape, rows), shared + 3 * one);
  EXPECT_EQ(group_by_memory(shape, rows, shared + 3 * one).size(), 1U);
  const auto two = group_by_memory(shape, rows, shared + 2 * one);
  ASSERT_EQ(two.size(), 2U);
  EXPECT_EQ(two[0].size(), 2U);
  EXPECT_EQ(two[1].size(), 1U);
  EXPECT_TRUE(group_by_memory(shape, rows, shared + one - 1).empty());
  EXPECT_EQ(rows[0].row.outcome, Outcome::out_of_memory);
  EXPECT_NE(rows[0].row.message.find("MiB"), std::string::npos);
}

TEST(MemoryPlan, CountsEachQuantizedFormOfTheWeightsOnce) {
  ScriptedEngine engine(Fault::none);
  const Shape shape{1, 1000, 1000};
  const auto bytes = [&](const std::vector<const char*>& providers) {
    std::vector<PlannedRow> rows(providers.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i].engine = &engine;
      rows[i].c.spec = {shape, parse_provider(providers[i]), false};
    }
    return shared_bytes(shape, rows);
  };
  const std::int64_t form = 1'000'000, fp8 = bytes({"fp8-channel-w-token-a"});
  EXPECT_EQ(fp8, bytes({"bf16"}) + form);
  EXPECT_EQ(bytes({"fp8-channel-w-token-a", "fp8-channel-w-tensor-a"}), fp8);
  EXPECT_EQ(bytes({"fp8-channel-w-token-a", "fp8-tensor-w-tensor-a"}), fp8 + form);
  const std::int64_t int8 = bytes({"int8-channel-w-token-a"});
  EXPECT_EQ(bytes({"fp8-channel-w-token-a", "int8-channel-w-token-a"}), int8 + form);
}

TEST(WeightSets, ColdIsMoreThanTwiceTheCache) {
  constexpr std::int64_t cache = 32 << 20;
  for (const std::int64_t packed : {std::int64_t{100'000}, cache / 2, cache, 2 * cache, 3 * cache}) {
    EXPECT_GT(operand_sets(CacheState::cold, packed, cache, 2) * packed, 2 * cache);
    EXPECT_GT(operand_sets(CacheState::cold, packed, cache, 4.5) * packed, 4.5 * cache);
    EXPECT_EQ(operand_sets(CacheState::hot, packed, cache, 2), 1);
  }
  EXPECT_EQ(operand_sets(CacheState::cold, 3 * cache, cache, 2), 1);
  EXPECT_EQ(operand_sets(CacheState::cold, 1, cache, 2), 4096);
}

TEST(Roofline, TakesTheLimitThatBinds) {
  Context context;
  context.limits = {{"int8", 1.0, "TFLOP/s", ""},
                    {"memory_read", 20, "GB/s", ""},
                    {"memory_copy", 15, "GB/s", ""},
                    {"l3_read", 50, "GB/s", ""}};
  Result row;
  row.cache = CacheState::cold;
  row.median_us = 1000;
  row.shape = {1, 1000, 1000};
  GemmSpec spec{row.shape, parse_provider("int8-tensor-w-tensor-a-noquant"), false};
  apply_roofline(row, spec, context, 1 << 20);
  EXPECT_EQ(moved_bytes(spec), 1'000'000 + 1000 + 2000 + 8);
  EXPECT_EQ(row.bound, Bound::memory);
  EXPECT_NEAR(*row.limit_us, 1'003'008 / 20e3, 1e-9);
  EXPECT_NEAR(*row.limit_share, *row.limit_us / 1000, 1e-12);
  row.cache = CacheState::hot;
  apply_roofline(row, spec, context, 2 << 20);
  EXPECT_EQ(row.bound, Bound::cache);
  EXPECT_NEAR(*row.limit_us, 1'003'008 / 50e3, 1e-9);
  row.shape.m = spec.shape.m = 1000;
  apply_roofline(row, spec, context, 1 << 20);
  EXPECT_EQ(row.bound, Bound::compute);
  EXPECT_NEAR(*row.limit_us, 2e9 / 1e6, 1e-9);
  Result unknown = row;
  unknown.limit_us.reset();
  apply_roofline(unknown, {row.shape, parse_provider("bf16"), false}, context, 0);
  EXPECT_FALSE(unknown.limit_us.has_value());
}

TEST(Roofline, OfAGpuIsItsSecondLevelCacheWhereARowFits) {
  Context context;
  context.device.kind = DeviceKind::cuda;
  context.limits = {{"int8", 1000, "TFLOP/s", ""},     {"fp8", 1500, "TFLOP/s", ""},  {"memory_read", 2000, "GB/s", ""},
                    {"memory_copy", 2500, "GB/s", ""}, {"l2_read", 5000, "GB/s", ""}, {"l2_copy", 4000, "GB/s", ""},
                    {"l3_read", 1, "GB/s", ""}};
  Result row;
  row.cache = CacheState::hot;
  row.median_us = 10;
  row.shape = {1, 4096, 4096};
  const GemmSpec spec{row.shape, parse_provider("int8-channel-w-token-a-noquant"), false};
  const auto bytes = static_cast<double>(moved_bytes(spec));
  const auto fits = static_cast<std::int64_t>(bytes) + 1;
  apply_roofline(row, spec, context, fits);
  EXPECT_EQ(row.bound, Bound::cache);
  EXPECT_NEAR(*row.limit_us, bytes / 5000e3, 1e-9);
  apply_roofline(row, spec, context, fits - 1);  // does not fit any more
  EXPECT_EQ(row.bound, Bound::memory);
  EXPECT_NEAR(*row.limit_us, bytes / 2500e3, 1e-9);
  row.cache = CacheState::cold;
  apply_roofline(row, spec, context, fits);
  EXPECT_EQ(row.bound, Bound::memory);
  row.shape.m = 16384;
  const GemmSpec many{row.shape, parse_provider("fp8-channel-w-token-a-noquant"), false};
  apply_roofline(row, many, context, fits);
  EXPECT_EQ(row.bound, Bound::compute);
  EXPECT_NEAR(*row.limit_us, row.shape.flops() / 1500e6, 1e-6);
}

TEST(OperandSeed, DependsOnWhatTheOperandIsAlone) {
  const auto of_weights = operand_seed(7, SeedOf::weights, 64, 96);
  EXPECT_EQ(operand_seed(7, SeedOf::weights, 64, 96), of_weights);
  std::set<std::uint64_t> seeds{of_weights};
  for (const SeedOf purpose : {SeedOf::activations, SeedOf::bias, SeedOf::sample, SeedOf::order, SeedOf::proofs}) {
    seeds.insert(operand_seed(7, purpose, 64, 96));
  }
  seeds.insert(operand_seed(8, SeedOf::weights, 64, 96));
  seeds.insert(operand_seed(7, SeedOf::weights, 96, 64));
  seeds.insert(operand_seed(7, SeedOf::weights, 65, 96));
  EXPECT_EQ(seeds.size(), 9U);
}

TEST(RandomOperands, AreTheSameBitsOnEveryMachine) {
  // The same values as on a GPU (tests/gpu/operands_test.cpp) and as saved rows were measured with.
  std::uint64_t hash = 0;
  const Matrix a = random_activations(5, 1003, DataKind::outlier, 3);
  for (std::int64_t r = 0; r < 5; ++r) {
    for (std::int64_t c = 0; c < 1003; ++c) hash = hash * 31 + a.row<std::uint16_t>(r)[c];
  }
  EXPECT_EQ(hash, 10501902145323561020U);
}

TEST(RandomOperands, OfARowDoNotDependOnTheOtherRows) {
  const Matrix one = random_weights(1, 77, DataKind::normal, 5), many = random_weights(9, 100, DataKind::normal, 5);
  EXPECT_TRUE(std::equal(one.row<std::uint16_t>(0), one.row<std::uint16_t>(0) + 77, many.row<std::uint16_t>(0)));
  EXPECT_FALSE(std::equal(one.row<std::uint16_t>(0), one.row<std::uint16_t>(0) + 77, many.row<std::uint16_t>(1)));
}

TEST(RandomOperands, DependOnTheSeedAloneAndLookNormal) {
  const Matrix a = random_weights(64, 1000, DataKind::normal, 9), b = random_weights(64, 1000, DataKind::normal, 9);
  EXPECT_TRUE(std::equal(a.row<std::uint16_t>(0), a.row<std::uint16_t>(0) + 64'000, b.row<std::uint16_t>(0)));
  const Matrix other = random_weights(64, 1000, DataKind::normal, 10);
  EXPECT_FALSE(std::equal(a.row<std::uint16_t>(0), a.row<std::uint16_t>(0) + 64'000, other.row<std::uint16_t>(0)));
  const Matrix large = random_weights(1000, 4001, DataKind::normal, 11);
  double sum = 0, squares = 0, fourth = 0, largest = 0;
  for (std::int64_t r = 0; r < 1000; ++r) {
    for (std::int64_t c = 0; c < 4001; ++c) {
      const double x = static_cast<double>(element(large.view(), r, c));
      sum += x, squares += x * x, fourth += x * x * x * x, largest = std::max(largest, std::abs(x));
    }
  }
  const double count = 1000.0 * 4001.0;
  EXPECT_NEAR(sum / count, 0, 0.003);
  EXPECT_NEAR(squares / count, 1, 0.005);
  EXPECT_NEAR(fourth / count, 3, 0.03);
  EXPECT_GT(largest, 4.6);  // the tail past the table's last slice is there: 4 million samples reach 5
  EXPECT_LT(largest, 6.5);
}

TEST(RandomOperands, ZerosAreZero) {
  const Matrix zeros = random_activations(3, 4, DataKind::zeros, 1);
  EXPECT_EQ(element(zeros.view(), 2, 3), 0);
}

TEST(Repro, NamesAllThatMakesTheRow) {
  Case c;
  c.model = "meta-llama/Llama-3.1-8B-Instruct";
  c.layer = "o";
  c.tp = 2;
  c.provider = "bf16";
  c.spec.shape = {16, 4096, 2048};
  SweepOptions options;
  options.scales = "constant";
  options.seed = 7;
  Result row;
  row.engine = "onednn";
  row.kernel = "brgemm:avx512_core";  // no choice of ours to hold it to
  const std::string command = repro_command(c, row, options);
  EXPECT_EQ(
      command,
      "qgemm bench --models meta-llama/Llama-3.1-8B-Instruct --tp-sizes 2 --layers o --batch-sizes 16 --providers bf16 "
      "--engines onednn --cache cold --scales constant --seed 7");
  c.batch = 64;  // of which an expert has 16 tokens
  EXPECT_NE(repro_command(c, row, options).find("--batch-sizes 64 "), std::string::npos);
  options.models = {std::filesystem::temp_directory_path().string()};  // a folder with a config.json
  options.lm_head = true;
  const std::string by_path = repro_command(c, row, options);
  EXPECT_NE(by_path.find("--models " + options.models[0]), std::string::npos) << by_path;
  EXPECT_NE(by_path.find(" --lm-head "), std::string::npos) << by_path;
  options.device = "cuda:1";
  options.timer = "reference";
  options.max_time = 0.25;
  options.cold_factor = 3;
  row.engine = "cutlass";
  row.kernel = "sm90_s8_64x64x256_1x8_ws along m swizzle 8";
  const std::string on_gpu = repro_command(c, row, options);
  for (const char* part : {" --engines cutlass --kernel 'sm90_s8_64x64x256_1x8_ws along m swizzle 8' ",
                           " --cold-factor 3 ", " --device cuda:1 ", " --timer reference ", " --max-time 0.25 "}) {
    EXPECT_NE(on_gpu.find(part), std::string::npos) << on_gpu;
  }
}

}  // namespace
}  // namespace qgemm
