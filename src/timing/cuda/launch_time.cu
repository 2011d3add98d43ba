#include <vector>

#include "cuda/cuda_error.hpp"
#include "timing/cuda/graph_timer.hpp"
#include "timing/cuda/launch_time.hpp"
#include "timing/statistics.hpp"

namespace qgemm::cuda {
namespace {

__global__ void nothing() {}

}  // namespace

double launch_us(cudaStream_t stream) {
  const auto call = [](int, cudaStream_t s) {
    nothing<<<1, 32, 0, s>>>();
    check_launch();
  };
  constexpr int calls = 256, samples = 9;
  const GraphTimer timer(call, 1, calls, stream);
  std::vector<double> us;
  for (int i = 0; i < samples; ++i) {
    timer.enqueue(stream);
    check(cudaStreamSynchronize(stream));
    us.push_back(timer.call_us());
  }
  return summarize(us).median;
}

}  // namespace qgemm::cuda
