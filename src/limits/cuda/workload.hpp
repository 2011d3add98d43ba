#pragma once
#include <cuda_runtime_api.h>

#include <functional>
#include <string>

namespace qgemm::cuda {

/// Something whose rate is measured: one call enqueues `work` operations or bytes, for 0.5 to 20 ms.
struct Workload {
  std::string method;  ///< In a few words.
  double work = 0;
  std::function<void(cudaStream_t)> enqueue;
};

}  // namespace qgemm::cuda
