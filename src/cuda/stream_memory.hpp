#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>

namespace qgemm::cuda {

/// Uninitialised memory of the current device for what is enqueued on one stream: taken and given back in the stream's
/// order, so that neither waits for anything, and both may be captured into a graph, which owns it then. Aligned to 256
/// bytes.
class StreamMemory {
 public:
  StreamMemory() = default;
  /// Throws `OutOfMemory`. Zero bytes are no allocation.
  StreamMemory(std::size_t bytes, cudaStream_t stream);
  StreamMemory(StreamMemory&& other) noexcept;
  StreamMemory& operator=(StreamMemory&& other) noexcept;
  ~StreamMemory();

  void* data() const { return data_; }
  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  void* data_ = nullptr;
  cudaStream_t stream_ = nullptr;
};

}  // namespace qgemm::cuda
