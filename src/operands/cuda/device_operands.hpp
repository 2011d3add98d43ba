#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

#include "cuda/device_buffer.hpp"
#include "operands/random_operands.hpp"
#include "qgemm/dtype.hpp"

namespace qgemm::cuda {

/// The matrices of `qgemm::random_weights`, `random_activations` and `random_bias` in device memory, dense: the same
/// bits as on the CPU. Each is complete when the call returns. Throws `OutOfMemory`.
DeviceMatrix random_weights(std::int64_t n, std::int64_t k, DataKind kind, std::uint64_t seed, cudaStream_t stream);
DeviceMatrix random_activations(std::int64_t m, std::int64_t k, DataKind kind, std::uint64_t seed, cudaStream_t stream);
/// float32, padded with zeros to `padded(n)` values.
DeviceBuffer random_bias(std::int64_t n, DataKind kind, DType output, std::uint64_t seed, cudaStream_t stream);

}  // namespace qgemm::cuda
