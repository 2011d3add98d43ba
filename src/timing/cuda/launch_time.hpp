#pragma once
#include <cuda_runtime_api.h>

namespace qgemm::cuda {

/// Microseconds of a call that launches one kernel which does nothing, as `GraphTimer` times calls: from the end of one
/// kernel to the end of the next. The median of a few samples; a few milliseconds.
double launch_us(cudaStream_t stream);

}  // namespace qgemm::cuda
