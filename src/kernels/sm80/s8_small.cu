// The tiles of the reference's tables for sm_80 and sm_89 for few rows, and the one that fits every GPU's shared
// memory.
#include "kernels/sm80/sm80_kernel.cuh"

namespace qgemm::kernels::sm80 {

void add_s8_small(KernelList& list) {
  add<Tiling<16, 64, 128, 16, 64, 64, 5>, Tiling<16, 128, 128, 16, 64, 64, 4>, Tiling<32, 64, 128, 32, 64, 64, 5>,
      Tiling<32, 128, 128, 32, 64, 64, 4>, Tiling<64, 64, 128, 32, 64, 64, 5>>(list);
}

}  // namespace qgemm::kernels::sm80
