#include "cuda/upload.hpp"

namespace qgemm::cuda {

DeviceMatrix uploaded(const ConstMatrixView& from) {
  DeviceMatrix to(from.dtype, from.rows, from.cols);
  copy_to_device(from, to.view());
  return to;
}

}  // namespace qgemm::cuda
