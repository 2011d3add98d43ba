#include "engines/cublaslt/choice.hpp"

#include <algorithm>
#include <limits>

#include "cuda/cuda_error.hpp"
#include "cuda/graph.hpp"
#include "cuda/stream.hpp"
#include "qgemm/error.hpp"

namespace qgemm::cublaslt {
namespace {

constexpr int candidates = 8;
constexpr int rounds = 5;
/// Calls in one measured launch: enough to go through the operand sets as the measurement will, or for short products
/// to outlast the launch.
constexpr int least_calls = 4, most_calls = 32;

struct Candidate {
  Algorithm algorithm{};
  cuda::Graph calls;
  double best_us = std::numeric_limits<double>::infinity();
};

double time_once(const cuda::Graph& graph, cudaStream_t stream, const cuda::Event& start, const cuda::Event& end) {
  start.record(stream);
  graph.launch(stream);
  end.record(stream);
  end.synchronize();
  return end.microseconds_since(start);
}

}  // namespace

std::size_t workspace_bytes(int major) {
  constexpr std::size_t kib = 1024;
  return major == 9 ? 32 * kib * kib : 2 * 4096 * kib + 8 * 16 * kib;
}

Algorithm choose(const Library& library, const Matmul& matmul, Choice choice, std::size_t workspace, int sets,
                 const std::function<void(const Algorithm&, int set, cudaStream_t)>& enqueue, cudaStream_t stream) {
  const std::vector<Algorithm> found = matmul.algorithms(choice == Choice::first ? 1 : candidates, workspace);
  if (found.empty()) {
    throw Unavailable("cuBLASLt " + library.version + " has no kernel for this product on this GPU");
  }
  if (choice == Choice::first || found.size() == 1) return found.front();

  const int calls = std::clamp(sets, least_calls, most_calls);
  std::vector<Candidate> runs;
  for (const Algorithm& algorithm : found) {
    try {
      enqueue(algorithm, 0, stream);  // what a kernel's first launch loads is no part of a graph
      cuda::check(cudaStreamSynchronize(stream));
      runs.push_back({algorithm, cuda::Graph::capture(stream, [&](cudaStream_t captured) {
                        for (int call = 0; call < calls; ++call) enqueue(algorithm, call % sets, captured);
                      })});
    } catch (const Unavailable&) {  // proposed, and then refused these operands
    }
  }
  if (runs.empty()) throw Unavailable("cuBLASLt " + library.version + " refuses this product with all its algorithms");
  const cuda::Event start, end;
  // In turn, so that a clock that rises or falls meanwhile favours none; the first round warms up.
  for (int round = 0; round < rounds; ++round) {
    for (Candidate& run : runs) {
      const double us = time_once(run.calls, stream, start, end);
      if (round > 0) run.best_us = std::min(run.best_us, us);
    }
  }
  const auto faster = [](const Candidate& a, const Candidate& b) { return a.best_us < b.best_us; };
  return std::min_element(runs.begin(), runs.end(), faster)->algorithm;
}

}  // namespace qgemm::cublaslt
