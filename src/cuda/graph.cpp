#include "cuda/graph.hpp"

#include <memory>
#include <type_traits>

#include "cuda/cuda_error.hpp"

namespace qgemm::cuda {

Graph Graph::capture(cudaStream_t stream, const std::function<void(cudaStream_t)>& enqueue) {
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  cudaGraph_t recorded = nullptr;
  try {
    enqueue(stream);
  } catch (...) {
    cudaStreamEndCapture(stream, &recorded);
    if (recorded != nullptr) cudaGraphDestroy(recorded);
    cudaGetLastError();
    throw;
  }
  check(cudaStreamEndCapture(stream, &recorded));
  const auto destroy = [](cudaGraph_t g) { cudaGraphDestroy(g); };
  const std::unique_ptr<std::remove_pointer_t<cudaGraph_t>, decltype(destroy)> owned(recorded, destroy);
  cudaGraphExec_t executable = nullptr;
  check(cudaGraphInstantiate(&executable, recorded, 0));
  Graph graph;
  graph.executable_.reset(executable);
  check(cudaGraphGetNodes(recorded, nullptr, &graph.nodes_));
  return graph;
}

void Graph::launch(cudaStream_t stream) const { check(cudaGraphLaunch(executable_.get(), stream)); }

void Graph::upload(cudaStream_t stream) const { check(cudaGraphUpload(executable_.get(), stream)); }

}  // namespace qgemm::cuda
