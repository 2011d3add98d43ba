// For thousands of rows: the largest tiles that fit into registers, so that operands are read least often.
#include "kernels/sm90/sm90_kernel.cuh"

namespace qgemm::kernels::sm90 {

void add_s8_large(KernelList& list) {
  add<Tiling<S8, 64, 256, 128, 1, 1, Warps::pingpong>, Tiling<S8, 128, 256, 128, 2, 1, Warps::cooperative>,
      Tiling<S8, 256, 128, 128, 1, 2, Warps::cooperative>>(list);
}

}  // namespace qgemm::kernels::sm90
