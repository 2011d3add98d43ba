#pragma once
#include <cuda_runtime_api.h>

#include <functional>
#include <optional>
#include <vector>

#include "cuda/graph.hpp"
#include "cuda/stream.hpp"
#include "timing/cuda/clock_probe.hpp"

namespace qgemm::cuda {

/// Enqueues one call on operand set `set`.
using EnqueueCall = std::function<void(int set, cudaStream_t stream)>;

/// What a timer does with several operand sets.
enum class SetUse {
  rotate,   ///< Each call uses the next one, so that none comes back sooner than all others have passed: cold.
  in_turn,  ///< Many calls on one, then many on the next: hot, at several places in memory.
};

/// Times calls of one product by replaying a CUDA graph of them. A sample is the mean over the graph's calls, between
/// events inside the graph: launching the graph is not in it, nor is a first call, which only brings back what other
/// products (or the set before) displaced (on a hot measurement) or what follows from it (on a cold one). The graph
/// holds whole rounds of the sets.
class GraphTimer {
 public:
  /// `calls` ≥ 1 timed calls, rounded up to whole rounds of `sets`. `first_call`: whether one that is not timed
  /// precedes them; a product whose operands are several times the cache has nothing to find there, and no need of it.
  GraphTimer(const EnqueueCall& call, int sets, int calls, cudaStream_t stream, SetUse use = SetUse::rotate,
             bool first_call = true);

  /// Enqueues one sample.
  void enqueue(cudaStream_t stream) const { graph_.launch(stream); }
  /// Microseconds of one call in the sample enqueued last, once it has passed.
  double call_us() const;
  int calls() const { return calls_; }
  /// The multiprocessors' clock while that sample's calls ran; empty where it could not be read.
  std::optional<double> mhz() const { return clock_.mhz(); }

 private:
  struct Stretch {
    Event start, stop;
  };
  int calls_;
  ClockProbe clock_;
  std::vector<Stretch> stretches_;
  Graph graph_;
};

/// The reference's timer (Triton's do_bench_cudagraph): an estimate from 5 eager calls after one to warm up, one graph
/// of as many calls as fill `replay_ms`, `replays` replays, each between two events on the stream; a sample is one
/// replay's mean. Ends when all is measured.
std::vector<double> reference_samples_us(const EnqueueCall& call, int sets, cudaStream_t stream, double replay_ms = 20,
                                         int replays = 10);

/// Microseconds of one call, launched one by one, after one that is not timed: what a call takes at most.
double eager_call_us(const EnqueueCall& call, int sets, int calls, cudaStream_t stream);

}  // namespace qgemm::cuda
