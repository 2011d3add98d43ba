#pragma once
#include "cuda/device_buffer.hpp"

namespace qgemm::cuda {

/// A dense copy of `from` in the current device's memory, complete when the call returns. Throws `OutOfMemory`.
DeviceMatrix uploaded(const ConstMatrixView& from);

}  // namespace qgemm::cuda
