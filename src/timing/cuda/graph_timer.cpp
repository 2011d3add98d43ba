#include "timing/cuda/graph_timer.hpp"

#include <algorithm>
#include <cmath>

#include "cuda/cuda_error.hpp"

namespace qgemm::cuda {

GraphTimer::GraphTimer(const EnqueueCall& call, int sets, int calls, cudaStream_t stream, bool first_call)
    : sets_(sets), calls_((std::max(calls, 1) + sets - 1) / sets * sets) {
  graph_ = Graph::capture(stream, [&](cudaStream_t s) {
    if (first_call) call(sets_ - 1, s);
    check(cudaEventRecordWithFlags(start_.get(), s, cudaEventRecordExternal));
    for (int i = 0; i < calls_; ++i) call(i % sets_, s);
    check(cudaEventRecordWithFlags(stop_.get(), s, cudaEventRecordExternal));
  });
}

double eager_call_us(const EnqueueCall& call, int sets, int calls, cudaStream_t stream) {
  const Event start, stop;
  call(sets - 1, stream);
  start.record(stream);
  for (int i = 0; i < calls; ++i) call(i % sets, stream);
  stop.record(stream);
  stop.synchronize();
  return stop.microseconds_since(start) / calls;
}

std::vector<double> reference_samples_us(const EnqueueCall& call, int sets, cudaStream_t stream, double replay_ms,
                                         int replays) {
  const double estimate_ms = eager_call_us(call, sets, 5, stream) * 1e-3;
  int calls = std::max(1, static_cast<int>(replay_ms / estimate_ms));
  calls = (calls + sets - 1) / sets * sets;
  const Graph graph = Graph::capture(stream, [&](cudaStream_t s) {
    for (int i = 0; i < calls; ++i) call(i % sets, s);
  });
  std::vector<double> samples;
  const Event start, stop;
  for (int replay = 0; replay < replays; ++replay) {
    start.record(stream);
    graph.launch(stream);
    stop.record(stream);
    stop.synchronize();
    samples.push_back(stop.microseconds_since(start) / calls);
  }
  return samples;
}

}  // namespace qgemm::cuda
