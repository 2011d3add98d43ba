#pragma once
#include <cuda_runtime_api.h>

#include "cuda/device_buffer.hpp"

namespace qgemm::cuda {

/// Room for the first bad row, holding none once `stream` gets there.
DeviceBuffer make_bad_row(cudaStream_t stream);

/// Waits for `stream` and throws `InvalidInput` naming `what` and the row, if there is one.
void check_bad_row(const DeviceBuffer& bad_row, const char* what, cudaStream_t stream);

}  // namespace qgemm::cuda
