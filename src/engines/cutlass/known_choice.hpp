#pragma once
#include <cuda_runtime_api.h>

#include <optional>
#include <vector>

#include "cuda/device.hpp"
#include "engines/cutlass/kernel_product.hpp"
#include "qgemm/result.hpp"
#include "qgemm/shape.hpp"
#include "tuning/tuning_table.hpp"

namespace qgemm::cutlass {

/// What a table names for exactly this product in that cache state, where `kernels` have it: it may name one that this
/// build lacks.
std::optional<KernelChoice> tuned_choice(const TuningTable& table,
                                         const std::vector<const kernels::ScaledGemmKernel*>& kernels, DType input,
                                         const Shape& shape, CacheState cache);

/// Enqueues one product by the kernel that is known to be good for it without trying any: a tuning table's, else on
/// Hopper the one that the model of cost puts in front, elsewhere the reference's. `shape`: before any padding, as
/// tables have it. `device` is the current one. Throws `Unavailable` where no kernel takes the operands.
void enqueue_known(const cuda::Device& device, DType input, DType output, const Shape& shape,
                   const kernels::ScaledGemmArguments& arguments, cudaStream_t stream);

}  // namespace qgemm::cutlass
