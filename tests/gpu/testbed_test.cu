// Measuring on a GPU, with an engine made for the purpose: one that can be told to be wrong, to fail, or to take the
// GPU down with it (in a process of its own).
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <random>
#include <utility>

#include "cuda/cuda_error.hpp"
#include "engines/cutlass/cutlass_engine.hpp"
#include "gpu_test.hpp"
#include "operands/cuda/device_operands.hpp"
#include "qgemm/sweep.hpp"
#include "testbed/cuda/contest.hpp"
#include "testbed/cuda/measure_on_device.hpp"

namespace qgemm {
namespace {

enum class Fault { none, wrong_output, wrong_sum, changes_later, throws_memory, throws_other, out_of_range };

__global__ void write_far_away(int* nowhere) { *nowhere = 1; }

class ScriptedGemm final : public cuda::PreparedGemm {
 public:
  ScriptedGemm(std::unique_ptr<cuda::PreparedGemm> inner, Fault fault) : inner_(std::move(inner)), fault_(fault) {}
  std::string kernel() const override { return "scripted"; }
  void launch_quantize(int set, cudaStream_t stream) override { inner_->launch_quantize(set, stream); }
  void launch_product(int set, cudaStream_t stream) override {
    inner_->launch_product(set, stream);
    ++launches_;
    const cuda::DeviceView d = inner_->output(set);
    auto* element = static_cast<std::uint16_t*>(d.data) + d.rows / 2 * d.stride + d.cols / 3;
    const bool later = fault_ == Fault::changes_later && launches_ > 4;
    if (fault_ == Fault::wrong_output || later) cuda::check(cudaMemsetAsync(element, 0x44, 2, stream));
    if (fault_ == Fault::out_of_range && launches_ > 4) {
      write_far_away<<<1, 1, 0, stream>>>(reinterpret_cast<int*>(0x10));
      cuda::check_launch();
    }
  }
  cuda::DeviceView output(int set) const override { return inner_->output(set); }
  const cuda::DeviceActivations* activations(int set) const override { return inner_->activations(set); }
  bool accumulate(const cuda::DeviceView& sums, cudaStream_t stream) override {
    const bool given = inner_->accumulate(sums, stream);
    if (fault_ == Fault::wrong_sum) {
      cuda::check(cudaMemsetAsync(static_cast<std::int32_t*>(sums.data) + sums.rows * sums.cols / 3, 1, 1, stream));
    }
    return given;
  }
  std::int64_t rotated_bytes() const override { return inner_->rotated_bytes(); }

 private:
  std::unique_ptr<cuda::PreparedGemm> inner_;
  Fault fault_;
  int launches_ = 0;
};

class ScriptedEngine final : public cuda::CudaEngine {
 public:
  ScriptedEngine(const cuda::Device& device, Fault fault) : inner_(cutlass::make_engine(device)), fault_(fault) {}
  std::string_view name() const override { return "scripted"; }
  std::string description() const override { return "for tests"; }
  Support supports(const GemmSpec& spec) const override { return inner_->supports(spec); }
  std::int64_t memory_bytes(const GemmSpec& spec, int sets) const override { return inner_->memory_bytes(spec, sets); }
  std::int64_t set_bytes(const GemmSpec& spec) const override { return inner_->set_bytes(spec); }
  std::unique_ptr<cuda::PreparedGemm> prepare(const GemmSpec& spec, const cuda::DeviceOperands& operands,
                                              cudaStream_t stream) const override {
    if (fault_ == Fault::throws_memory) throw OutOfMemory("no room");
    if (fault_ == Fault::throws_other) throw std::runtime_error("something broke");
    return std::make_unique<ScriptedGemm>(inner_->prepare(spec, operands, stream), fault_);
  }

 private:
  std::unique_ptr<cuda::CudaEngine> inner_;
  Fault fault_;
};

class CudaTestbed : public testing::GpuTest {
 protected:
  static constexpr Shape shape{48, 256, 512};

  /// Three rows of one point: a good one, the faulty one, a good one.
  std::vector<Result> measure(Fault fault, const char* provider = "int8-channel-w-token-a", int sets = 1) {
    const ScriptedEngine good(device(), Fault::none), bad(device(), fault);
    std::vector<PlannedRow> planned(3);
    std::vector<PlannedRow*> rows;
    for (std::size_t i = 0; i < planned.size(); ++i) {
      planned[i].c.provider = provider;
      planned[i].c.spec = {shape, parse_provider(provider), false};
      planned[i].row = row_of(planned[i].c);
      planned[i].engine = i == 1 ? &bad : &good;
      planned[i].sets = sets;
      rows.push_back(&planned[i]);
    }
    auto weights = std::make_shared<cuda::DeviceWeights>(
        cuda::random_weights(shape.n, shape.k, DataKind::normal, 1, stream()), ScaleSource::absmax, stream());
    std::vector<cuda::DeviceMatrix> activations;
    cuda::PointInputs inputs;
    for (int set = 0; set < sets; ++set) {
      activations.push_back(cuda::random_activations(shape.m, shape.k, DataKind::normal, 2, stream()));
      inputs.activations.push_back(activations.back().view());
    }
    const Sample sample = choose_sample(shape, 3);
    const auto truth =
        cuda::sampled_product(inputs.activations[0], weights->original().view(), nullptr, sample, stream());
    cuda::DeviceProofs proofs(4);
    inputs.weights = weights;
    inputs.truth = &truth;
    inputs.sample = &sample;
    inputs.proofs = &proofs;
    SweepOptions options;
    options.max_time = 0.01;
    options.timer = timer_;
    std::mt19937_64 order(5);
    lost_ = cuda::measure_together(rows, inputs, options, order, nullptr, stream()).lost;
    std::vector<Result> results;
    for (const auto& row : planned) results.push_back(row.row);
    return results;
  }

  /// Exits with 42 where the faulty row is `failed`, the others are kept or skipped, and the GPU is said to be lost.
  void lose_the_device() {
    const auto rows = measure(Fault::out_of_range);
    const bool told = lost_.find("can use the GPU no more") != std::string::npos;
    int failed = 0, skipped = 0;
    for (const Result& row : rows) {
      failed += row.outcome == Outcome::failed;
      skipped += row.outcome == Outcome::skipped;
    }
    std::_Exit(told && failed == 1 && failed + skipped == 3 ? 42 : 1);
  }

  std::string lost_, timer_ = "interleaved";
};

bool measured(const Result& row) { return row.outcome == Outcome::ok || row.outcome == Outcome::noisy; }

TEST(ExpectedLoad, GrowsWithWhatATensorCoreHasToDoForAByte) {
  // int8 of 64 tokens, N = K = 4096, is some 120 operations a byte; of 16384 some 2,500.
  for (const auto& [operations, load] : {std::pair{-1.0, 0},
                                         {0.0, 0},
                                         {2.0, 0},
                                         {125.0, 0},
                                         {170.0, 0},
                                         {180.0, 1},
                                         {250.0, 1},
                                         {500.0, 2},
                                         {1000.0, 3},
                                         {2500.0, 3}}) {
    EXPECT_EQ(cuda::expected_load(operations), load) << operations;
  }
}

TEST_F(CudaTestbed, RightProductsAreTimedAndDescribed) {
  for (const int sets : {1, 7}) {
    for (const Result& row : measure(Fault::none, "int8-channel-w-token-a", sets)) {
      EXPECT_TRUE(measured(row)) << row.message;
      EXPECT_EQ(row.kernel, "scripted");
      ASSERT_TRUE(row.median_us && row.quantize_us && row.gemm_us);
      EXPECT_GT(*row.median_us, 0);
      EXPECT_EQ(row.exact, true);
      EXPECT_GT(*row.sqnr_db, 30);
      EXPECT_EQ(row.samples, static_cast<std::int64_t>(row.samples_us.size()));
    }
  }
  EXPECT_TRUE(lost_.empty());
}

TEST_F(CudaTestbed, TheReferenceTimerTakesTenSamples) {
  timer_ = "reference";
  for (const Result& row : measure(Fault::none)) EXPECT_EQ(row.samples, 10) << row.message;
}

TEST_F(CudaTestbed, WrongResultsAreRowsWithoutATime) {
  for (const Fault fault : {Fault::wrong_output, Fault::wrong_sum, Fault::changes_later}) {
    const auto rows = measure(fault);
    EXPECT_EQ(rows[1].outcome, Outcome::incorrect) << static_cast<int>(fault);
    EXPECT_FALSE(rows[1].measured());
    EXPECT_FALSE(rows[1].message.empty());
    EXPECT_EQ(rows[1].exact, false);
    EXPECT_TRUE(measured(rows[0]) && measured(rows[2]));
  }
}

TEST_F(CudaTestbed, AWrongFp8ProductIsFound) {
  if (device().capability() < 90) GTEST_SKIP() << "this GPU has no FP8 kernels here";
  const auto rows = measure(Fault::wrong_output, "fp8-channel-w-token-a");
  EXPECT_EQ(rows[1].outcome, Outcome::incorrect);
  EXPECT_TRUE(measured(rows[0])) << rows[0].message;
}

TEST_F(CudaTestbed, WhatAnEngineThrowsIsARow) {
  EXPECT_EQ(measure(Fault::throws_memory)[1].outcome, Outcome::out_of_memory);
  const auto rows = measure(Fault::throws_other);
  EXPECT_EQ(rows[1].outcome, Outcome::failed);
  EXPECT_EQ(rows[1].message, "something broke");
  EXPECT_TRUE(measured(rows[2]));
}

/// A kernel that writes where nothing is takes the process's whole context with it: in a child, so that the other tests
/// keep theirs.
TEST_F(CudaTestbed, AnErrorThatStaysEndsTheMeasuringAndKeepsTheRows) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(lose_the_device(), ::testing::ExitedWithCode(42), "");
}

}  // namespace
}  // namespace qgemm
