#include "timing/cuda/graph_timer.hpp"

#include <algorithm>
#include <cmath>

#include "cuda/cuda_error.hpp"

namespace qgemm::cuda {

GraphTimer::GraphTimer(const EnqueueCall& call, int sets, int calls, cudaStream_t stream, SetUse use, bool first_call)
    : calls_((std::max(calls, 1) + sets - 1) / sets * sets),
      stretches_(static_cast<std::size_t>(use == SetUse::in_turn ? sets : 1)) {
  const int each = calls_ / static_cast<int>(stretches_.size());
  const auto set_of = [&](std::size_t stretch, int i) {
    return use == SetUse::in_turn ? static_cast<int>(stretch) : (i + sets) % sets;
  };
  graph_ = Graph::capture(stream, [&](cudaStream_t s) {
    clock_.enqueue_begin(s);
    for (std::size_t stretch = 0; stretch < stretches_.size(); ++stretch) {
      if (first_call) call(set_of(stretch, -1), s);
      check(cudaEventRecordWithFlags(stretches_[stretch].start.get(), s, cudaEventRecordExternal));
      for (int i = 0; i < each; ++i) call(set_of(stretch, i), s);
      check(cudaEventRecordWithFlags(stretches_[stretch].stop.get(), s, cudaEventRecordExternal));
    }
    clock_.enqueue_end(s);
  });
}

double GraphTimer::call_us() const {
  double us = 0;
  for (const Stretch& stretch : stretches_) us += stretch.stop.microseconds_since(stretch.start);
  return us / calls_;
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
