#include "quantize/cpu/row_kernels.hpp"

#include "device/cpu_info.hpp"

namespace qgemm {

const RowKernels& row_kernels() {
#if defined(__x86_64__)
  switch (best_isa()) {
    case Isa::avx512: return avx512_row_kernels;
    case Isa::avx2: return avx2_row_kernels;
    case Isa::plain: break;
  }
#endif
  return plain_row_kernels;
}

}  // namespace qgemm
