#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

#include "cuda/device_buffer.hpp"

namespace qgemm::cuda {

/// Enqueues sums[r] = Σₖ values[r,k] of an s8 matrix whose rows are whole, aligned pieces of 16 bytes.
void enqueue_row_sums(const DeviceView& values, std::int32_t* sums, cudaStream_t stream);

}  // namespace qgemm::cuda
