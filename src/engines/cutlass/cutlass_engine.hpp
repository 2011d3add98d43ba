#pragma once
#include <memory>
#include <string>

#include "cuda/device.hpp"
#include "engine/cuda/cuda_engine.hpp"

namespace qgemm::cutlass {

/// `cutlass`: our own choice of kernel for each shape; or for all of them `kernel`, as `KernelChoice::text` names it. A
/// product that this one cannot take, or a build that lacks it, is `Unavailable` then.
std::unique_ptr<cuda::CudaEngine> make_engine(const cuda::Device& device, const std::string& kernel = {});

/// `cutlass-vllm`: the reference's choice of kernel for each shape, the yardstick.
std::unique_ptr<cuda::CudaEngine> make_vllm_engine(const cuda::Device& device);

}  // namespace qgemm::cutlass
