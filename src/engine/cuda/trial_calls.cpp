#include "engine/cuda/trial_calls.hpp"

#include <algorithm>

#include "cuda/cuda_error.hpp"

namespace qgemm::cuda {

TrialCalls::TrialCalls(const std::function<void(int set, cudaStream_t stream)>& enqueue, int sets, CacheState cache,
                       int calls, cudaStream_t stream) {
  const bool in_turn = cache == CacheState::hot;
  const int each = std::max(1, in_turn ? calls / sets : calls);
  stretches_ = std::vector<Stretch>(static_cast<std::size_t>(in_turn ? sets : 1));
  calls_ = each * static_cast<int>(stretches_.size());
  const auto mark = [](const Event& event, cudaStream_t s) {
    check(cudaEventRecordWithFlags(event.get(), s, cudaEventRecordExternal));
  };
  graph_ = Graph::capture(stream, [&](cudaStream_t s) {
    int set = 0;
    for (const Stretch& stretch : stretches_) {
      enqueue(in_turn ? set : sets - 1, s);
      mark(stretch.start, s);
      for (int call = 0; call < each; ++call) enqueue(in_turn ? set : call % sets, s);
      mark(stretch.stop, s);
      ++set;
    }
  });
  graph_.upload(stream);
}

double TrialCalls::us(cudaStream_t stream) const {
  graph_.launch(stream);
  check(cudaStreamSynchronize(stream));
  double sum = 0;
  for (const Stretch& stretch : stretches_) sum += stretch.stop.microseconds_since(stretch.start);
  return sum / calls_;
}

}  // namespace qgemm::cuda
