#include "engines/cublaslt/choice.hpp"

#include <algorithm>
#include <limits>

#include "cuda/cuda_error.hpp"
#include "engine/cuda/trial_calls.hpp"
#include "qgemm/error.hpp"

namespace qgemm::cublaslt {
namespace {

constexpr int candidates = 8;
constexpr int rounds = 5;
/// Calls in one measured launch: cold enough to go through the operand sets as the measurement will.
constexpr int least_calls = 4, most_calls = 32;

struct Candidate {
  Algorithm algorithm{};
  cuda::TrialCalls calls;
  double best_us = std::numeric_limits<double>::infinity();
};

}  // namespace

std::size_t workspace_bytes(int major) {
  constexpr std::size_t kib = 1024;
  return major == 9 ? 32 * kib * kib : 2 * 4096 * kib + 8 * 16 * kib;
}

Algorithm choose(const Library& library, const Matmul& matmul, Choice choice, std::size_t workspace, int sets,
                 CacheState cache, const std::function<void(const Algorithm&, int set, cudaStream_t)>& enqueue,
                 cudaStream_t stream) {
  const std::vector<Algorithm> found = matmul.algorithms(choice == Choice::first ? 1 : candidates, workspace);
  if (found.empty()) {
    throw Unavailable("cuBLASLt " + library.version + " has no kernel for this product on this GPU");
  }
  if (choice == Choice::first || found.size() == 1) return found.front();

  const int calls = cache == CacheState::hot ? least_calls * sets : std::clamp(sets, least_calls, most_calls);
  std::vector<Candidate> runs;
  for (const Algorithm& algorithm : found) {
    try {
      enqueue(algorithm, 0, stream);  // what a kernel's first launch loads is no part of a graph
      cuda::check(cudaStreamSynchronize(stream));
      const auto call = [&](int set, cudaStream_t captured) { enqueue(algorithm, set, captured); };
      runs.push_back({algorithm, cuda::TrialCalls(call, sets, cache, calls, stream)});
    } catch (const Unavailable&) {  // proposed, and then refused these operands
    }
  }
  if (runs.empty()) throw Unavailable("cuBLASLt " + library.version + " refuses this product with all its algorithms");
  // In turn, so that a clock that rises or falls meanwhile favours none; the first round warms up.
  for (int round = 0; round < rounds; ++round) {
    for (Candidate& run : runs) {
      const double us = run.calls.us(stream);
      if (round > 0) run.best_us = std::min(run.best_us, us);
    }
  }
  const auto faster = [](const Candidate& a, const Candidate& b) { return a.best_us < b.best_us; };
  return std::min_element(runs.begin(), runs.end(), faster)->algorithm;
}

}  // namespace qgemm::cublaslt
