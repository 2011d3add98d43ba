#pragma once
#include <cuda_runtime_api.h>

#include <atomic>
#include <random>
#include <string>
#include <vector>

#include "cuda/gpu_watch.hpp"
#include "testbed/cuda/contest.hpp"

namespace qgemm::cuda {

/// What measuring came to.
struct Measured {
  std::string lost;                     ///< What the GPU was lost by (see `DeviceLost`), or nothing.
  GpuLog::Clock::time_point started{};  ///< When the first sample that counts was taken.
};

/// Samples the rows of a contest until all have enough or it is stopped, and fills them in. With `options.timer`
/// "reference" each row is timed by itself, as the reference does; else they have warmed up.
Measured measure_to_the_end(Contest& contest, const SweepOptions& options, double launch_us);

/// Prepares, checks and times `rows` together, in one visit. Fills outcome, message, kernel, times, accuracy. Where the
/// GPU is lost, the row it happened in is `failed`, and those not measured stay `skipped`.
Measured measure_together(std::vector<PlannedRow*>& rows, const PointInputs& inputs, const SweepOptions& options,
                          const std::mt19937_64& order, const std::atomic<bool>* stop, cudaStream_t stream);

/// Rows of a point are measured at the same time: what the GPU did meanwhile goes into each that has a time.
void note_gpu(std::vector<PlannedRow>& rows, const GpuSummary& gpu);

}  // namespace qgemm::cuda
