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

/// Seconds of samples a row takes at most where the options name none. Most rows end long before; it is for large
/// products: at its power limit a GPU's clock goes up and down by several percent within about a second, which nine
/// rows of so much time each cover (docs/measurements/trust.md).
inline constexpr double default_row_seconds = 0.4;

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
  /// Finds out what a call takes and captures the graph that samples are replays of.
  void warm_up();
  /// Enqueues one sample, without waiting for it.
  void enqueue_sample() { timer_->enqueue(stream_); }
  /// Takes in the sample enqueued last, once it has passed.
  void collect();
  /// Microseconds of one call in the sample taken in last.
  double last_us() const { return last_us_; }
  /// The first `samples` were taken before the GPU was steady.
  void drop_first(std::size_t samples) { rule_.drop_first(samples); }
  /// All samples as the reference's timer takes them.
  void measure_as_reference();
  bool finished() const { return rule_.finished() || as_reference_; }
  bool sampled() const { return !rule_.samples().empty(); }
  /// Operations for each byte that has to be moved.
  double operations_per_byte() const;
  Result& row() { return planned_.row; }

  /// Writes the row from the samples. The last timed call has to have given the checked result, bit for bit.
  void conclude();
  /// The parts of a call that quantizes inside, each timed apart from the other. `launch_us`: see `PointInputs`.
  void split(double launch_us);

 private:
  EnqueueCall call() {
    return [this](int set, cudaStream_t stream) { gemm_->launch(set, stream); };
  }
  std::uint64_t output_hash(int set) const;

  PlannedRow& planned_;
  DeviceOperands operands_;
  cudaStream_t stream_;
  std::unique_ptr<PreparedGemm> gemm_;
  StoppingRule rule_;
  std::optional<GraphTimer> timer_;
  std::uint64_t checked_hash_ = 0;
  int last_set_ = 0;
  double last_us_ = 0;
  bool as_reference_ = false;
};

}  // namespace qgemm::cuda
