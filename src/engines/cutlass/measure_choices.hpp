#pragma once
#include <cuda_runtime_api.h>

#include <vector>

#include "cuda/device.hpp"
#include "engines/cutlass/trials.hpp"
#include "qgemm/dtype.hpp"
#include "qgemm/shape.hpp"

namespace qgemm::cutlass {

/// Every kernel of this build that can multiply `shape` in `input` (s8, e4m3) on `device`, which is the calling
/// thread's, in every order of tiles that can matter, as each cache state ranks them. The times choose, they are
/// no results. Makes its own operands; waits for `stream`. Throws `OutOfMemory` where they do
/// not fit, `Unavailable` where no kernel takes the shape.
MeasuredChoices measure_choices(const cuda::Device& device, DType input, const Shape& shape, cudaStream_t stream);

}  // namespace qgemm::cutlass
