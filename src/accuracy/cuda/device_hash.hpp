#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

#include "cuda/device_buffer.hpp"

namespace qgemm::cuda {

/// A 64-bit hash of all elements of D (its bytes, without those between `cols` and `stride`), to see whether a later
/// call gave the same result. The stride and the address do not change it. Enqueued; may be captured into a graph; the
/// hash lies at `out` (one uint64, device memory) afterwards.
void enqueue_hash(const DeviceView& d, std::uint64_t* out, cudaStream_t stream);

}  // namespace qgemm::cuda
