#include "limits/stream_kernels.hpp"

namespace qgemm {

StreamKernels stream_kernels(const CpuFeatures& features) {
  const StreamKernels kernels = x86_stream_kernels(features);
  return kernels.read != nullptr ? kernels : plain_stream_kernels();
}

}  // namespace qgemm
