// The configurations of the reference's fixed table for INT8.
#include "kernels/sm90/sm90_kernel.cuh"

namespace qgemm::kernels::sm90 {

void add_s8_reference(KernelList& list) {
  add<Tiling<S8, 64, 64, 256, 1, 8, Warps::specialized>, Tiling<S8, 64, 128, 256, 1, 4, Warps::specialized>,
      Tiling<S8, 64, 64, 256, 1, 1, Warps::specialized>, Tiling<S8, 64, 128, 128, 2, 1, Warps::pingpong>,
      Tiling<S8, 128, 128, 128, 2, 1, Warps::pingpong>>(list);
}

}  // namespace qgemm::kernels::sm90
