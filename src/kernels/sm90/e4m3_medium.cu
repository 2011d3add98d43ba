// For some hundred rows: tiles of their own for each group, without a cluster or with a small one.
#include "kernels/sm90/sm90_kernel.cuh"

namespace qgemm::kernels::sm90 {

void add_e4m3_medium(KernelList& list) {
  add<Tiling<E4M3, 64, 128, 128, 1, 1, Warps::pingpong>, Tiling<E4M3, 128, 64, 128, 1, 1, Warps::pingpong>,
      Tiling<E4M3, 128, 128, 128, 1, 1, Warps::pingpong>, Tiling<E4M3, 128, 128, 128, 1, 2, Warps::pingpong>>(list);
}

}  // namespace qgemm::kernels::sm90
