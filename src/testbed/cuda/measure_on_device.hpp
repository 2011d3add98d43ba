#pragma once
#include <cuda_runtime_api.h>

#include <atomic>
#include <random>
#include <string>
#include <vector>

#include "cuda/gpu_watch.hpp"
#include "testbed/cuda/device_contender.hpp"

namespace qgemm::cuda {

/// What measuring came to.
struct Measured {
  std::string lost;                     ///< What the GPU was lost by (see `DeviceLost`), or nothing.
  GpuLog::Clock::time_point started{};  ///< When the first sample that counts was taken.
};

/// Prepares, checks and times `rows` together: rounds of one sample of each, in random order, enqueued one after the
/// other so that the GPU never waits, until all have enough or `stop` is set. Fills outcome, message, kernel, times,
/// accuracy. With `options.timer` "reference" each row is timed by itself, as the reference does. Where the GPU is
/// lost, the row it happened in is `failed`, and those not measured stay `skipped`.
Measured measure_together(std::vector<PlannedRow*>& rows, const PointInputs& inputs, const SweepOptions& options,
                          std::mt19937_64& order, const std::atomic<bool>* stop, cudaStream_t stream);

}  // namespace qgemm::cuda
