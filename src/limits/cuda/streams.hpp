#pragma once
#include <cstddef>
#include <vector>

#include "cuda/device.hpp"
#include "limits/cuda/workload.hpp"

namespace qgemm::cuda {

/// Fills memory with random bits. Enqueued on `stream`; `bytes`: whole pieces of 16.
void enqueue_random_fill(void* memory, std::size_t bytes, cudaStream_t stream);

/// Ways to read `bytes` at `memory`, and to copy their first half to the second, so large that they come from the
/// device's memory each time. Work in bytes (of a copy: read and written).
std::vector<Workload> memory_reads(const void* memory, std::size_t bytes, const Device& device);
std::vector<Workload> memory_copies(void* memory, std::size_t bytes, const Device& device);

/// The same again and again in one call, past the first-level caches, of `bytes` that stay in the L2 cache.
Workload l2_read(const void* memory, std::size_t bytes, const Device& device);
Workload l2_copy(void* memory, std::size_t bytes, const Device& device);

}  // namespace qgemm::cuda
