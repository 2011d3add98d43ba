#pragma once
#include <cuda_runtime_api.h>

#include <vector>

#include "cuda/device.hpp"
#include "engines/cutlass/kernel_product.hpp"

namespace qgemm::cutlass {

/// The kernels of this build for operands of `input` and results of `output` that `device` can run, worth trying for M
/// rows: tiles far taller than M, or far flatter, are left out.
std::vector<const kernels::ScaledGemmKernel*> candidates(const cuda::Device& device, DType input, DType output,
                                                         std::int64_t m);

/// The fastest of `kernels`, each in the orders of tiles that can matter, on these operand sets: measured here by a few
/// launches each, then by more of the best three. The time that chooses is reported nowhere. Waits for `stream`. Throws
/// `Unavailable` where none takes the operands.
KernelChoice fastest(const std::vector<const kernels::ScaledGemmKernel*>& kernels,
                     const std::vector<cuda::ScaledOperands>& sets, int multiprocessors, cudaStream_t stream);

}  // namespace qgemm::cutlass
