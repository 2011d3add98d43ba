// How kernels are chosen by trying them, with kernels made for the purpose: they write D as often as they are told to,
// so that which of two is the slower is beyond doubt, or refuse.
#include <gtest/gtest.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cuda/cuda_error.hpp"
#include "cuda/device_buffer.hpp"
#include "engine/cuda/trial_calls.hpp"
#include "engines/cutlass/trials.hpp"
#include "gpu_test.hpp"
#include "qgemm/error.hpp"

namespace qgemm::cutlass {
namespace {

constexpr CacheState hot = CacheState::hot, cold = CacheState::cold;
constexpr std::size_t d_bytes = 64 << 10;

/// How often each D was written.
using Writes = std::map<void*, int>;

class MadeKernel final : public kernels::ScaledGemmKernel {
 public:
  /// `writes` of D a call; 0: it takes no operands.
  explicit MadeKernel(int writes, Writes* seen = nullptr) : writes_(writes), seen_(seen) {
    traits_.name = "writes " + std::to_string(writes);
  }
  const kernels::KernelTraits& traits() const override { return traits_; }
  std::size_t workspace_bytes(const kernels::ScaledGemmArguments&) const override { return 0; }
  std::unique_ptr<kernels::ScaledGemmLaunch> prepare(const kernels::ScaledGemmArguments& arguments,
                                                     void*) const override {
    if (writes_ == 0) throw Unavailable("kernel " + traits_.name + " takes nothing");
    return std::make_unique<Launch>(arguments.d, writes_, seen_);
  }

 private:
  class Launch final : public kernels::ScaledGemmLaunch {
   public:
    Launch(void* d, int writes, Writes* seen) : d_(d), writes_(writes), seen_(seen) {}
    void enqueue(cudaStream_t stream, bool) override {
      for (int i = 0; i < writes_; ++i) cuda::check(cudaMemsetAsync(d_, 0, d_bytes, stream));
      if (seen_ != nullptr) ++(*seen_)[d_];
    }

   private:
    void* d_;
    int writes_;
    Writes* seen_;
  };

  kernels::KernelTraits traits_;
  int writes_;
  Writes* seen_;
};

class ChoiceTest : public testing::GpuTest {
 protected:
  std::vector<cuda::ScaledOperands> sets(int count) {
    std::vector<cuda::ScaledOperands> out;
    for (int i = 0; i < count; ++i) {
      results_.emplace_back(d_bytes);
      cuda::ScaledOperands operands;
      operands.m = 64, operands.n = 64, operands.k = 64;
      operands.d = results_.back().data();
      out.push_back(operands);
    }
    return out;
  }
  static KernelChoice choice(const MadeKernel& kernel, const std::string& origin = {}) {
    return {&kernel, 0, 1, origin, {}};
  }

 private:
  std::vector<cuda::DeviceBuffer> results_;
};

TEST_F(ChoiceTest, TheFastestIsChosenHotAndCold) {
  const MadeKernel quick(1), slow(6), none(0);
  const auto operands = sets(3);
  for (const CacheState cache : {hot, cold}) {
    const KernelChoice best =
        fastest({choice(none), choice(slow), choice(quick)}, operands, cache, EnqueueQuantize{}, stream());
    EXPECT_EQ(best.kernel, &quick);
    EXPECT_EQ(best.origin, "fastest of 2 likely ones tried here");
  }
}

TEST_F(ChoiceTest, WhatRefusesIsNotChosenAndAllThatRefuseAreNone) {
  const MadeKernel none(0);
  EXPECT_THROW(fastest({choice(none), choice(none)}, sets(1), hot, {}, stream()), Unavailable);
  EXPECT_THROW(fastest({}, sets(1), hot, {}, stream()), Unavailable);
  EXPECT_THROW(held_against(choice(none), choice(none), sets(1), hot, stream()), Unavailable);
}

TEST_F(ChoiceTest, HotSetsAreAllTriedAsOften) {
  Writes seen;
  const MadeKernel quick(1, &seen), slow(2);
  const auto operands = sets(4);
  fastest({choice(quick), choice(slow)}, operands, hot, {}, stream());
  ASSERT_EQ(seen.size(), operands.size());
  for (const auto& [d, writes] : seen) EXPECT_EQ(writes, seen.begin()->second);
}

TEST_F(ChoiceTest, AllAreRankedHotAsRowsAreMeasuredAndCold) {
  Writes seen;
  const MadeKernel quick(1, &seen), slow(6), none(0);
  const auto operands = sets(4);
  const std::vector<KernelChoice> all{choice(slow), choice(none), choice(quick)};
  const MeasuredChoices ranked = measure_all(all, all, operands, /*hot_sets=*/2, stream());
  for (const auto* state : {&ranked.hot, &ranked.cold}) {
    ASSERT_EQ(state->size(), 2U);
    EXPECT_EQ(state->front().choice.kernel, &quick);
    EXPECT_EQ(state->back().choice.kernel, &slow);
    EXPECT_LT(state->front().us, state->back().us);
  }
  // Cold calls use all of them, about as often; hot ones the first two, as often.
  ASSERT_EQ(seen.size(), operands.size());
  const auto writes = [&](int set) { return seen.at(operands[static_cast<std::size_t>(set)].d); };
  EXPECT_GT(writes(0), 2 * writes(2));
  EXPECT_GT(writes(1), 2 * writes(3));
}

TEST_F(ChoiceTest, WhatIsKnownStaysUnlessAnotherIsClearlyFaster) {
  const MadeKernel quick(1), slow(6), none(0);
  const auto operands = sets(3);
  for (const CacheState cache : {hot, cold}) {
    const auto held = [&](const MadeKernel& known, const MadeKernel& other) {
      return held_against(choice(known, "known"), choice(other, "other"), operands, cache, stream());
    };
    EXPECT_EQ(held(slow, quick).kernel, &quick);
    EXPECT_EQ(held(slow, quick).origin, "other");
    EXPECT_EQ(held(quick, slow).kernel, &quick);
    EXPECT_EQ(held(quick, slow).origin, "known");
    EXPECT_EQ(held(none, quick).kernel, &quick);
    EXPECT_EQ(held(quick, none).kernel, &quick);
  }
}

TEST_F(ChoiceTest, TrialCallsUseSetsAsRowsDo) {
  std::vector<int> order;
  const cuda::DeviceBuffer d(d_bytes);
  const auto enqueue = [&](int set, cudaStream_t s) {
    cuda::check(cudaMemsetAsync(d.data(), 0, d_bytes, s));
    order.push_back(set);
  };
  const auto captured = [&](int count, CacheState cache, int calls) {
    order.clear();
    EXPECT_GT(cuda::TrialCalls(enqueue, count, cache, calls, stream()).us(stream()), 0);
    return order;
  };
  // The first of each line is not timed.
  EXPECT_EQ(captured(3, cold, 4), (std::vector<int>{2, /**/ 0, 1, 2, 0}));
  EXPECT_EQ(captured(1, cold, 2), (std::vector<int>{0, /**/ 0, 0}));
  EXPECT_EQ(captured(3, cold, 0), (std::vector<int>{2, /**/ 0}));
  EXPECT_EQ(captured(2, hot, 5), (std::vector<int>{0, /**/ 0, 0, 1, /**/ 1, 1}));
  EXPECT_EQ(captured(3, hot, 1), (std::vector<int>{0, /**/ 0, 1, /**/ 1, 2, /**/ 2}));
}

TEST_F(ChoiceTest, TrialCallsThatThrowLeaveNothingCaptured) {
  const auto refuses = [](int, cudaStream_t) { throw Unavailable("no"); };
  EXPECT_THROW(cuda::TrialCalls(refuses, 1, hot, 1, stream()), Unavailable);
  cudaStreamCaptureStatus status{};
  cuda::check(cudaStreamIsCapturing(stream(), &status));
  EXPECT_EQ(status, cudaStreamCaptureStatusNone);
}

TEST_F(ChoiceTest, ALargeProductIsNotTriedAgain) {
  // What its power leaves the clock in a trial of a millisecond says less than a table that took a second over it.
  const MadeKernel known(60), other(40);
  EXPECT_EQ(held_against(choice(known), choice(other), sets(1), hot, stream()).kernel, &known);
}

}  // namespace
}  // namespace qgemm::cutlass
