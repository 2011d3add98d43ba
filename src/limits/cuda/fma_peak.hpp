#pragma once
#include "cuda/device.hpp"
#include "limits/cuda/workload.hpp"

namespace qgemm::cuda {

/// Float32 multiply-adds of the plain cores, all operands in registers. Work in operations, two each.
Workload fma_peak(const Device& device);

}  // namespace qgemm::cuda
