#pragma once
#include <memory>

#include "cuda/device.hpp"
#include "engine/cuda/cuda_engine.hpp"

namespace qgemm::cutlass {

/// `cutlass`: our own choice of kernel for each shape.
std::unique_ptr<cuda::CudaEngine> make_engine(const cuda::Device& device);

/// `cutlass-vllm`: the reference's choice of kernel for each shape, the yardstick.
std::unique_ptr<cuda::CudaEngine> make_vllm_engine(const cuda::Device& device);

}  // namespace qgemm::cutlass
