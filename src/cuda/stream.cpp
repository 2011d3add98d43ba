#include "cuda/stream.hpp"

#include "cuda/cuda_error.hpp"

namespace qgemm::cuda {

Stream::Stream() {
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  stream_.reset(stream);
}

void Stream::synchronize() const { check(cudaStreamSynchronize(get())); }

Event::Event() {
  cudaEvent_t event = nullptr;
  check(cudaEventCreate(&event));
  event_.reset(event);
}

void Event::record(cudaStream_t stream) const { check(cudaEventRecord(get(), stream)); }

void Event::synchronize() const { check(cudaEventSynchronize(get())); }

double Event::microseconds_since(const Event& earlier) const {
  float milliseconds = 0;
  check(cudaEventElapsedTime(&milliseconds, earlier.get(), get()));
  return static_cast<double>(milliseconds) * 1e3;
}

}  // namespace qgemm::cuda
