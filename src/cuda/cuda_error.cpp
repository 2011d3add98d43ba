#include "cuda/cuda_error.hpp"

#include <string_view>

namespace qgemm::cuda {
namespace {

std::string message_of(cudaError_t status, const std::source_location& where) {
  const std::string_view file = where.file_name();
  return std::string("CUDA: ") + cudaGetErrorString(status) + " (" + cudaGetErrorName(status) + ", noticed at " +
         std::string(file.substr(file.rfind('/') + 1)) + ":" + std::to_string(where.line()) + ")";
}

}  // namespace

bool is_sticky(cudaError_t status) {
  switch (status) {
    case cudaErrorIllegalAddress:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorIllegalInstruction:
    case cudaErrorHardwareStackError:
    case cudaErrorLaunchTimeout:
    case cudaErrorLaunchFailure:
    case cudaErrorAssert:
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorDevicesUnavailable:
    case cudaErrorContextIsDestroyed:
    case cudaErrorSystemNotReady:
    case cudaErrorUnknown: return true;
    default: return false;
  }
}

void check(cudaError_t status, std::source_location where) {
  if (status == cudaSuccess) [[likely]]
    return;
  cudaGetLastError();  // an error that does not stay must not be met again by the next check
  const std::string message = message_of(status, where);
  if (status == cudaErrorMemoryAllocation) throw OutOfMemory(message + ": the GPU has not enough free memory");
  if (is_sticky(status)) throw DeviceLost(status, message + "; this process can use the GPU no more");
  throw CudaError(status, message);
}

void check_launch(std::source_location where) { check(cudaGetLastError(), where); }

}  // namespace qgemm::cuda
