#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "cuda/device_buffer.hpp"
#include "testbed/cuda/contest.hpp"

namespace qgemm::cuda {

/// Rows of one point with all that they need on the device, so that they can be sampled again and again.
struct HeldPoint {
  std::vector<PlannedRow> rows;  ///< Their contenders fill them in.
  DeviceBuffer bias;
  std::vector<DeviceMatrix> activations, activations_f32;
  PointInputs inputs;                ///< What only a check needs (truth, sample, proofs) is gone after it.
  std::int64_t tokens = 0;           ///< That were recorded, of the activations.
  std::int64_t bytes = 0;            ///< Upper estimate of the device memory held.
  std::unique_ptr<Contest> contest;  ///< Last: it uses the others.

  /// Adds to rows that have a time what all of them share: what the GPU did meanwhile, tokens that came again.
  void note(const GpuSummary& gpu);
};

}  // namespace qgemm::cuda
