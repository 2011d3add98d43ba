#include "quantize/cuda/own_scale.cuh"

namespace qgemm::cuda {

void enqueue_own_scale_e4m3(const RowArguments& arguments, DType input, const RowShape& shape, cudaStream_t stream) {
  launch_own_scale<Code::e4m3, false>(arguments, input, shape, stream);
}

}  // namespace qgemm::cuda
