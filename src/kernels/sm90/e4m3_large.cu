// For thousands of rows: the largest tiles that fit into registers, so that operands are read least often.
#include "kernels/sm90/sm90_kernel.cuh"

namespace qgemm::kernels::sm90 {

void add_e4m3_large(KernelList& list) {
  add<Tiling<E4M3, 64, 256, 128, 1, 1, Warps::pingpong>, Tiling<E4M3, 128, 256, 128, 2, 1, Warps::cooperative>,
      Tiling<E4M3, 256, 128, 128, 1, 2, Warps::cooperative>>(list);
}

}  // namespace qgemm::kernels::sm90
