#pragma once
#include <memory>
#include <string>
#include <vector>

#include "cuda/device.hpp"
#include "engine/cuda/cuda_engine.hpp"

namespace qgemm::cuda {

/// All engines of this build for a GPU, best first: the one ordered list. `kernel`: see `cutlass::make_engine`.
std::vector<std::unique_ptr<CudaEngine>> make_engines(const Device& device, const std::string& kernel = {});

}  // namespace qgemm::cuda
