#pragma once
#include <cuda_runtime_api.h>

#include <optional>

#include "accuracy/output_check.hpp"
#include "cuda/device_buffer.hpp"
#include "quantize/cuda/device_quantize.hpp"

namespace qgemm::cuda {

/// Every element of `d` [M,N] (bf16, f16, f32) against the epilogue of its integer sum (`sums`, s32 [M,N]) in the bits
/// of `reference::dequantized`, with the tolerance of `within_one_rounding` (accuracy/output_check.hpp): the first
/// wrong one, row-major. The scales, zero points and column sums are those of `a` and `w`; `bias`: null or N float32 in
/// device memory. Waits for `stream`. Throws `InvalidInput` for matrices that do not fit.
std::optional<WrongOutput> first_wrong_output(const DeviceView& d, const DeviceView& sums, const DeviceActivations& a,
                                              const DeviceQuantizedWeights& w, const float* bias, cudaStream_t stream);

}  // namespace qgemm::cuda
