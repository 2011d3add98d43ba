#pragma once
#include <memory>

#include "cuda/device.hpp"
#include "engine/cuda/cuda_engine.hpp"
#include "engine/engine.hpp"

namespace qgemm::cuda {

/// An engine of a GPU for operands and results in the host's memory: they are copied over when a product is prepared,
/// and D back after each call. For single products and tests; what is timed stays on the device.
std::unique_ptr<HostEngine> make_hosted(std::unique_ptr<CudaEngine> engine, const Device& device);

}  // namespace qgemm::cuda
