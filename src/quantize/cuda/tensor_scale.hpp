#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

#include "cuda/device_buffer.hpp"
#include "quantize/cuda/row_kernels.hpp"

namespace qgemm::cuda {

/// Bytes of scratch memory that one search for a tensor's scale at a time needs; all zero before the first, and left
/// so.
std::size_t tensor_scale_scratch();

/// Enqueues scale[0] (and azp[0], asymmetric where not null) from the extent of all of `x` (f32, bf16, f16), by the
/// rule of `code`. With NaN or infinity in x the scale is one of them.
void enqueue_tensor_scale(Code code, const DeviceView& x, float* scale, std::int32_t* azp, void* scratch,
                          cudaStream_t stream);

/// Enqueues bad_row[0] = min(bad_row[0], the first row of `x` with NaN or infinity). Slow: for an error's message.
void enqueue_find_bad_row(const DeviceView& x, std::uint32_t* bad_row, cudaStream_t stream);

}  // namespace qgemm::cuda
