// For few rows: narrow tiles, also with the weights as the MMA's M operand, which is never under 64.
#include "kernels/sm90/sm90_kernel.cuh"

namespace qgemm::kernels::sm90 {

void add_s8_small(KernelList& list) {
  add<Tiling<S8, 64, 16, 256, 1, 1, Warps::pingpong, true>, Tiling<S8, 64, 32, 256, 1, 1, Warps::pingpong, true>,
      Tiling<S8, 64, 64, 256, 1, 1, Warps::pingpong>, Tiling<S8, 64, 128, 256, 1, 1, Warps::pingpong>>(list);
}

}  // namespace qgemm::kernels::sm90
