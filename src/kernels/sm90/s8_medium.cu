// For some hundred rows: tiles of their own for each group, without a cluster or with a small one.
#include "kernels/sm90/sm90_kernel.cuh"

namespace qgemm::kernels::sm90 {

void add_s8_medium(KernelList& list) {
  add<Tiling<S8, 64, 128, 128, 1, 1, Warps::pingpong>, Tiling<S8, 128, 64, 128, 1, 1, Warps::pingpong>,
      Tiling<S8, 128, 128, 128, 1, 1, Warps::pingpong>, Tiling<S8, 128, 128, 128, 1, 2, Warps::pingpong>>(list);
}

}  // namespace qgemm::kernels::sm90
