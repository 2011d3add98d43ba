#pragma once
#include <vector>

#include "cuda/device.hpp"
#include "qgemm/result.hpp"

namespace qgemm::cuda {

/// Measures the current device's peaks in about `seconds`: `int8`, `fp8`, `bf16` (TFLOP/s of the tensor cores, operands
/// random; fp8 only where the GPU has it), `f32` (of the plain cores), `memory_read`, `memory_copy` (GB/s; copy: bytes
/// read + bytes written), `l2_read` and `l2_copy`. Each value is the best window's. The tensor cores are loaded for a
/// tenth of `seconds` and more before any window counts, since a GPU that draws all the power it may lowers its clock
/// within some 50 ms. `method` says how. Memory is left out where less than eight times the L2 cache is free. Throws
/// `InvalidInput` for a time that is not positive, `CudaError`.
std::vector<Limit> measure_limits(const Device& device, double seconds = 1.0);

}  // namespace qgemm::cuda
