#pragma once
#include "cuda/device.hpp"
#include "qgemm/device_arrays.hpp"

namespace qgemm {

/// The GPU of that ordinal, found once a process. Throws `Unavailable` where there is none.
const cuda::Device& gpu(int ordinal);

inline cudaStream_t handle_of(const DeviceStream& stream) { return static_cast<cudaStream_t>(stream.handle); }

}  // namespace qgemm
