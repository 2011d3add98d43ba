#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <optional>

#include "cuda/cuda_error.hpp"
#include "cuda/device_buffer.hpp"

namespace qgemm::cuda {

/// The smallest index that any thread noted, in eight bytes of device memory.
class FirstIndex {
 public:
  /// Enqueues that `memory` (eight bytes or more) holds none.
  static FirstIndex cleared(const DeviceBuffer& memory, cudaStream_t stream) {
    check(cudaMemsetAsync(memory.data(), 0xff, sizeof(unsigned long long), stream));
    FirstIndex first;
    first.index_ = memory.as<unsigned long long>();
    return first;
  }

  __device__ void note(std::int64_t index) const { atomicMin(index_, static_cast<unsigned long long>(index)); }

  /// Waits for `stream`.
  std::optional<std::int64_t> fetch(cudaStream_t stream) const {
    unsigned long long index = 0;
    check(cudaMemcpyAsync(&index, index_, sizeof(index), cudaMemcpyDeviceToHost, stream));
    check(cudaStreamSynchronize(stream));
    if (index == ~0ULL) return std::nullopt;
    return static_cast<std::int64_t>(index);
  }

 private:
  unsigned long long* index_ = nullptr;
};

}  // namespace qgemm::cuda
