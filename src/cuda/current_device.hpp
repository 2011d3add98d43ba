#pragma once
#include <cuda_runtime_api.h>

#include "cuda/cuda_error.hpp"

namespace qgemm::cuda {

/// Makes a GPU the calling thread's for as long as it lives; then the one before is that again.
class CurrentDevice {
 public:
  explicit CurrentDevice(int ordinal) {
    check(cudaGetDevice(&before_));
    if (ordinal != before_) check(cudaSetDevice(ordinal));
    changed_ = ordinal != before_;
  }
  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;
  ~CurrentDevice() {
    if (changed_) cudaSetDevice(before_);
  }

 private:
  int before_ = 0;
  bool changed_ = false;
};

}  // namespace qgemm::cuda
