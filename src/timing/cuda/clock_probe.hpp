#pragma once
#include <cuda_runtime_api.h>

#include <memory>
#include <optional>

namespace qgemm::cuda {

/// The clock of the multiprocessors over a stretch of a stream's work, counted by themselves: cycles that passed on a
/// multiprocessor ÷ the nanoseconds of the GPU's timer. NVML's readings are too few and too coarse for a millisecond.
class ClockProbe {
 public:
  ClockProbe();
  /// Enqueue the marks between which cycles are counted (a few microseconds each); may be captured into a graph.
  void enqueue_begin(cudaStream_t stream) const { enqueue(0, stream); }
  void enqueue_end(cudaStream_t stream) const { enqueue(1, stream); }
  /// MHz between the marks that passed last, once they have; empty where no multiprocessor saw both.
  std::optional<double> mhz() const;

 private:
  void enqueue(int mark, cudaStream_t stream) const;

  struct Free {
    void operator()(unsigned long long* p) const { cudaFreeHost(p); }
  };
  int blocks_ = 0;
  std::unique_ptr<unsigned long long, Free> marks_;  // cycles and nanoseconds, a multiprocessor and mark
};

}  // namespace qgemm::cuda
