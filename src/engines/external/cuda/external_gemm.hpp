#pragma once
#include <memory>

#include "engine/cuda/cuda_engine.hpp"
#include "qgemm/external.hpp"

namespace qgemm::cuda {

/// Hands `operands` over to an external and has it prepare, run each set once and be captured once. Waits for the
/// stream. Throws as `CudaEngine::prepare` does.
std::unique_ptr<PreparedGemm> prepare_external(const ExternalEngine& external, const GemmSpec& spec,
                                               const DeviceOperands& operands, const DeviceStream& stream);

}  // namespace qgemm::cuda
