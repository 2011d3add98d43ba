#include "quantize/cuda/own_scale.cuh"

namespace qgemm::cuda {

void enqueue_own_scale_s8_azp(const RowArguments& arguments, DType input, const RowShape& shape, cudaStream_t stream) {
  launch_own_scale<Code::s8, true>(arguments, input, shape, stream);
}

}  // namespace qgemm::cuda
