#include "cuda/cuda_error.hpp"
#include "limits/cuda/fma_peak.hpp"

namespace qgemm::cuda {
namespace {

/// Chains of dependent operations a thread, and their length: enough of them to hide an operation's four cycles.
constexpr int threads = 256, blocks_each = 8, chains = 8, length = 16384;

/// `sink`: null; the compiler, which cannot know, keeps the sums for it.
__global__ void __launch_bounds__(threads, blocks_each) add_products(float factor, float term, float* sink) {
  float sums[chains];
#pragma unroll
  for (int i = 0; i < chains; ++i) sums[i] = static_cast<float>(threadIdx.x + i);
#pragma unroll 16
  for (int step = 0; step < length; ++step) {
#pragma unroll
    for (int i = 0; i < chains; ++i) sums[i] = fmaf(sums[i], factor, term);
  }
  if (sink != nullptr) {
#pragma unroll
    for (int i = 0; i < chains; ++i) sink[i * threads + threadIdx.x] = sums[i];
  }
}

}  // namespace

Workload fma_peak(const Device& device) {
  const auto blocks = static_cast<unsigned>(device.multiprocessors * blocks_each);
  Workload out;
  out.method = "fused multiply-adds in registers";
  out.work = 2.0 * chains * length * threads * blocks;
  out.enqueue = [blocks](cudaStream_t stream) {
    add_products<<<blocks, threads, 0, stream>>>(0.9375F, 0.25F, nullptr);
    check_launch();
  };
  return out;
}

}  // namespace qgemm::cuda
