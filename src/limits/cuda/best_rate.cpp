#include "limits/cuda/best_rate.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "cuda/cuda_error.hpp"
#include "cuda/stream.hpp"

namespace qgemm::cuda {
namespace {

void enqueue(const Workload& workload, int calls, cudaStream_t stream) {
  for (int i = 0; i < calls; ++i) workload.enqueue(stream);
}

}  // namespace

double best_rate(const Workload& workload, const Timing& timing, cudaStream_t stream) {
  workload.enqueue(stream);  // the first call loads the kernel's code
  const Event begin, end;
  begin.record(stream);
  workload.enqueue(stream);
  end.record(stream);
  end.synchronize();
  const double call = end.microseconds_since(begin) * 1e-6;
  const auto calls_in = [call](double time) {
    return static_cast<int>(std::clamp(std::nearbyint(time / call), 1.0, 1e4));
  };
  const int calls = calls_in(timing.window);
  enqueue(workload, calls_in(timing.warm), stream);
  const std::vector<Event> edges(static_cast<std::size_t>(timing.windows) + 1);
  edges.front().record(stream);
  for (auto edge = edges.begin() + 1; edge != edges.end(); ++edge) {
    enqueue(workload, calls, stream);
    edge->record(stream);
  }
  edges.back().synchronize();
  double best = 0;
  for (std::size_t i = 1; i < edges.size(); ++i) {
    best = std::max(best, workload.work * calls / (edges[i].microseconds_since(edges[i - 1]) * 1e-6));
  }
  return best;
}

}  // namespace qgemm::cuda
