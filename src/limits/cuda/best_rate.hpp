#pragma once
#include <cuda_runtime_api.h>

#include "limits/cuda/workload.hpp"

namespace qgemm::cuda {

/// How long a rate is measured: `warm` seconds of the same load first, then `windows` windows of about `window`
/// seconds, all back to back.
struct Timing {
  double warm = 0, window = 0;
  int windows = 1;
};

/// Work per second in the fastest window. Waits for `stream`.
double best_rate(const Workload& workload, const Timing& timing, cudaStream_t stream);

}  // namespace qgemm::cuda
