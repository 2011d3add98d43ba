#pragma once
#include "cuda/cuda_error.hpp"
#include "quantize/cuda/row_kernels.hpp"

namespace qgemm::cuda {

/// Launches a kernel of rows: `grid` blocks as `shape` lays them out.
inline void launch_rows(void (*kernel)(RowArguments), dim3 grid, const RowShape& shape, const RowArguments& arguments,
                        cudaStream_t stream) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = dim3(static_cast<unsigned>(shape.threads), static_cast<unsigned>(shape.rows));
  config.stream = stream;
#if CUDART_VERSION >= 12060  // without it the product starts later, no more
  cudaLaunchAttribute least_l1;
  least_l1.id = cudaLaunchAttributePreferredSharedMemoryCarveout;
  least_l1.val.sharedMemCarveout = cudaSharedmemCarveoutMaxShared;
  if (shape.least_l1) {
    config.attrs = &least_l1;
    config.numAttrs = 1;
  }
#endif
  check(cudaLaunchKernelEx(&config, kernel, arguments));
}

}  // namespace qgemm::cuda
