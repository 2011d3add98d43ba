#pragma once
#include <optional>

#include "cuda/device.hpp"
#include "limits/cuda/workload.hpp"
#include "qgemm/dtype.hpp"

namespace qgemm::cuda {

/// Products of s8, e4m3 or bf16 as fast as the tensor cores make them, from operands that were random once: numbers
/// distributed as quantized normal ones are, because what toggles in the multipliers draws power, and power sets the
/// clock. Work in operations (a multiply or an add). Sums start anew every 4,096 bytes of K, so that they stay as large
/// as a product's.

/// By mma.sync from registers: sm_80 and later. None where this build or the GPU has no instruction for the type.
std::optional<Workload> mma_peak(DType type, const Device& device);

/// By wgmma from shared memory: sm_90 alone, in builds for it.
Workload wgmma_peak(DType type, const Device& device);

}  // namespace qgemm::cuda
