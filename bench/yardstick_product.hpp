#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <functional>

namespace qgemm::bench {

/// D[M,N] (bf16) = s_a[m]·(s_w[n]·Σ a·w), all dense.
struct YardstickArguments {
  int m = 0, n = 0, k = 0;
  const void *a = nullptr, *w = nullptr;
  const float *scale_a = nullptr, *scale_w = nullptr;
  void* d = nullptr;
  int multiprocessors = 0;
};

/// The reference's configuration for this product, built of CUTLASS's stock parts alone; called to enqueue it.
using YardstickLaunch = std::function<void(cudaStream_t)>;
YardstickLaunch prepare_yardstick_s8(const YardstickArguments& arguments);
YardstickLaunch prepare_yardstick_e4m3(const YardstickArguments& arguments);

}  // namespace qgemm::bench
