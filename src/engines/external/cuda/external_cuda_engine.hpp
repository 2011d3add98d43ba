#pragma once
#include <memory>

#include "cuda/device.hpp"
#include "engine/cuda/cuda_engine.hpp"
#include "qgemm/external.hpp"

namespace qgemm::cuda {

/// Somebody else's products on a GPU behind the contract of our own: opaque (see `PreparedGemm::opaque`). One that
/// cannot be captured into a CUDA graph is `Unavailable` when it is prepared. Throws `InvalidInput` for a name that
/// rows cannot have.
std::unique_ptr<CudaEngine> make_external(std::shared_ptr<const ExternalEngine> external, const Device& device);

}  // namespace qgemm::cuda
