#pragma once
#include <cuda_runtime_api.h>

#include <memory>

namespace qgemm::cuda {

/// An owned stream that does not wait for the default stream.
class Stream {
 public:
  Stream();
  cudaStream_t get() const { return stream_.get(); }
  /// Waits for all that was enqueued; throws for what failed in it.
  void synchronize() const;

 private:
  struct Destroy {
    using pointer = cudaStream_t;
    void operator()(cudaStream_t s) const { cudaStreamDestroy(s); }
  };
  std::unique_ptr<cudaStream_t, Destroy> stream_;
};

/// An owned event that keeps time (about half a microsecond fine).
class Event {
 public:
  Event();
  cudaEvent_t get() const { return event_.get(); }
  void record(cudaStream_t stream) const;
  void synchronize() const;
  /// Microseconds from `earlier` to this one; both have to have passed.
  double microseconds_since(const Event& earlier) const;

 private:
  struct Destroy {
    using pointer = cudaEvent_t;
    void operator()(cudaEvent_t e) const { cudaEventDestroy(e); }
  };
  std::unique_ptr<cudaEvent_t, Destroy> event_;
};

}  // namespace qgemm::cuda
