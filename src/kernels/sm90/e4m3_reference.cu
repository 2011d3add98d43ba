// The configurations of the reference's fixed table for FP8.
#include "kernels/sm90/sm90_kernel.cuh"

namespace qgemm::kernels::sm90 {

void add_e4m3_reference(KernelList& list) {
  add<Tiling<E4M3, 64, 16, 256, 1, 2, Warps::specialized, true>,
      Tiling<E4M3, 64, 16, 256, 1, 1, Warps::specialized, true>,
      Tiling<E4M3, 64, 16, 256, 1, 4, Warps::specialized, true>,
      Tiling<E4M3, 64, 64, 256, 1, 1, Warps::specialized, true>, Tiling<E4M3, 64, 128, 128, 2, 1, Warps::pingpong>,
      Tiling<E4M3, 128, 128, 128, 2, 1, Warps::pingpong>>(list);
}

}  // namespace qgemm::kernels::sm90
