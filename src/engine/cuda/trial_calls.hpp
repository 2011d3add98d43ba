#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "cuda/graph.hpp"
#include "cuda/stream.hpp"
#include "qgemm/result.hpp"

namespace qgemm::cuda {

/// How many operand sets of so many bytes a hot product is measured on, one after the other: where the allocator puts
/// what fits the cache decides how its lines share it, and with it up to 3 % of their time (bench/placement.cpp).
constexpr int hot_sets(std::int64_t set_bytes, std::int64_t cache_bytes) { return set_bytes <= cache_bytes ? 4 : 1; }

/// Calls of one product in a graph, to find out which of several ways to run it is the fastest. The time that chooses
/// is reported nowhere: rows are timed by `GraphTimer`.
///
/// Operand sets are used as rows use them: each for the next call (cold), or one for many calls before the next, since
/// where in memory a set lies decides how its lines share the cache (hot). One call that is not timed goes before those
/// of a set (hot), or before all (cold).
class TrialCalls {
 public:
  /// Captures about `calls` timed calls (at least one, hot as many of each set) of what `enqueue` puts on the stream
  /// for operand set 0 … `sets` − 1.
  TrialCalls(const std::function<void(int set, cudaStream_t stream)>& enqueue, int sets, CacheState cache, int calls,
             cudaStream_t stream);

  /// Runs them and waits for `stream`: microseconds of a timed call, the mean.
  double us(cudaStream_t stream) const;

 private:
  /// Events of the graph: launching it takes as long as a few small products, longer where they have clusters.
  struct Stretch {
    Event start, stop;
  };
  int calls_;
  std::vector<Stretch> stretches_;
  Graph graph_;
};

}  // namespace qgemm::cuda
