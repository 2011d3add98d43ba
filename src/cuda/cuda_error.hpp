#pragma once
#include <cuda_runtime_api.h>

#include <source_location>
#include <string>

#include "qgemm/error.hpp"

namespace qgemm::cuda {

/// A call of the CUDA runtime, or a kernel, failed. `what()` says what, and where in the program it was noticed.
class CudaError : public Error {
 public:
  CudaError(cudaError_t code, const std::string& message) : Error(message), code_(code) {}
  cudaError_t code() const { return code_; }

 private:
  cudaError_t code_;
};

/// The device gives errors from now on, whatever it is asked (a kernel that read out of bounds, a GPU that fell off the
/// bus): nothing more can be measured on it by this process.
class DeviceLost : public CudaError {
 public:
  using CudaError::CudaError;
};

/// Throws `OutOfMemory` where memory was refused, `DeviceLost` for an error that stays, `CudaError` for any other.
void check(cudaError_t status, std::source_location where = std::source_location::current());

/// Throws for what a launch just before was refused for (a bad configuration, no code for this GPU).
void check_launch(std::source_location where = std::source_location::current());

/// True for errors after which every later call on the device fails, too.
bool is_sticky(cudaError_t status);

}  // namespace qgemm::cuda
