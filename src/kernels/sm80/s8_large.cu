// The tiles of the reference's tables for sm_80 and sm_89 for more rows.
#include "kernels/sm80/sm80_kernel.cuh"

namespace qgemm::kernels::sm80 {

void add_s8_large(KernelList& list) {
  add<Tiling<64, 128, 128, 64, 64, 64, 5>, Tiling<64, 128, 128, 64, 64, 64, 3>, Tiling<128, 128, 64, 64, 64, 64, 5>,
      Tiling<256, 128, 64, 64, 64, 64, 3>>(list);
}

}  // namespace qgemm::kernels::sm80
