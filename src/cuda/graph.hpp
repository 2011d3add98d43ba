#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <functional>
#include <memory>

namespace qgemm::cuda {

/// What was enqueued once, to be run again and again at the cost of one launch.
class Graph {
 public:
  Graph() = default;
  /// Captures what `enqueue` puts on the stream it is given. What it throws comes out, and nothing is left captured.
  static Graph capture(cudaStream_t stream, const std::function<void(cudaStream_t)>& enqueue);

  explicit operator bool() const { return executable_ != nullptr; }
  /// How many operations it has.
  std::size_t nodes() const { return nodes_; }
  void launch(cudaStream_t stream) const;
  /// Moves what the first launch would otherwise pay for to the device.
  void upload(cudaStream_t stream) const;

 private:
  struct Destroy {
    using pointer = cudaGraphExec_t;
    void operator()(cudaGraphExec_t g) const { cudaGraphExecDestroy(g); }
  };
  std::unique_ptr<cudaGraphExec_t, Destroy> executable_;
  std::size_t nodes_ = 0;
};

}  // namespace qgemm::cuda
