#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/cuda/cuda_engine.hpp"
#include "qgemm/sweep.hpp"
#include "testbed/cuda/device_verify.hpp"
#include "testbed/planned_row.hpp"
#include "timing/cuda/graph_timer.hpp"
#include "timing/stopping_rule.hpp"

namespace qgemm::cuda {

/// Seconds of samples a row takes at most where the options name none: what is left of eleven seconds for the 396 rows
/// of a default sweep once all else is done, and a little more, since most of its small ones end before.
inline constexpr double default_row_seconds = 0.018;

/// What the rows of a point are measured with, in device memory.
struct PointInputs {
  std::shared_ptr<const DeviceWeights> weights;
  std::vector<DeviceView> activations;      ///< bf16 [M,K], one copy a set of the row that has most.
  std::vector<DeviceView> activations_f32;  ///< The same values; only where a row needs them (`f32`).
  const float* bias = nullptr;
  const std::vector<double>* truth = nullptr;
  const Sample* sample = nullptr;
  DeviceProofs* proofs = nullptr;
  double launch_us = 0;  ///< Of a call that does nothing.
};

/// A row being measured on a GPU.
class DeviceContender {
 public:
  DeviceContender(PlannedRow& planned, const PointInputs& inputs, const SweepOptions& options, cudaStream_t stream);

  /// Runs every operand set once and checks the result; false where it is wrong (the row says how).
  bool check(const PointInputs& inputs);
  /// Finds out what a call takes and captures the graphs that samples are replays of: of the call, and of its parts
  /// where it quantizes inside.
  void warm_up();
  /// Enqueues one sample, without waiting for it.
  void enqueue_sample() { timer_->enqueue(stream_); }
  /// Takes in the sample enqueued last, once it has passed.
  void collect();
  /// The same of the parts of a call, each timed apart from the other; nothing where it has none.
  void enqueue_parts();
  void collect_parts();
  /// Microseconds of one call in the sample taken in last.
  double last_us() const { return last_us_; }
  /// The first `samples` were taken before the GPU was steady.
  void drop_first(std::size_t samples);
  /// All samples so far; the parts' stay.
  void drop_all() { drop_first(rule_.samples().size()); }
  /// All samples as the reference's timer takes them.
  void measure_as_reference();
  bool finished() const { return rule_.finished() || as_reference_; }
  std::size_t samples() const { return rule_.samples().size(); }
  /// From now on noise is judged at one clock, the mean of the samples': see `Result::clock_exponent`.
  void judge_at_one_clock() { one_clock_ = true; }
  /// Whether the row is wanted better known than the samples so far tell it.
  bool noisy() const { return steady_rule().noisy(); }
  /// The clock during the sample taken in last; 0 where it could not be read.
  double last_mhz() const { return mhz_.empty() ? 0 : mhz_.back(); }
  const GemmSpec& spec() const { return planned_.c.spec; }
  Result& row() { return planned_.row; }
  /// What an earlier visit told goes again, of a row that failed since; it says why.
  void lose_times();

  /// Writes the row from the samples so far. The last timed call has to have given the checked result, bit for bit.
  /// `launch_us`: see `PointInputs`.
  void conclude(double launch_us);

 private:
  EnqueueCall call() {
    return [this](int set, cudaStream_t stream) { gemm_->launch(set, stream); };
  }
  bool has_clocks() const;
  bool at_a_clock() const { return one_clock_ && has_clocks(); }
  /// Mean of the samples' clocks.
  double own_clock() const;
  /// The samples as they would have been at the clock that noise is judged at.
  StoppingRule steady_rule() const;
  /// Timers of the parts of a call, where it quantizes inside; a quarter of `calls` of each.
  void make_parts(int calls);
  /// Of the outputs of all sets.
  std::vector<std::uint64_t> output_hashes() const;
  SetUse set_use() const { return planned_.c.cache == CacheState::hot ? SetUse::in_turn : SetUse::rotate; }

  /// One part of a call.
  struct Part {
    GraphTimer timer;
    std::vector<double> us;
  };

  PlannedRow& planned_;
  Result checked_;  ///< The row as it was before it was timed.
  DeviceOperands operands_;
  cudaStream_t stream_;
  std::unique_ptr<PreparedGemm> gemm_;
  StoppingRule rule_;
  std::vector<double> mhz_;  ///< Of each sample; 0 where it could not be read.
  bool one_clock_ = false;   ///< Noise is judged at their mean; else each sample as it was.
  std::optional<GraphTimer> timer_;
  std::vector<Part> parts_;  ///< The quantization and the product, or nothing.
  std::uint64_t checked_hash_ = 0;
  double last_us_ = 0;
  bool as_reference_ = false;
};

}  // namespace qgemm::cuda
