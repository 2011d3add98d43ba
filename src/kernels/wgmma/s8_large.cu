#include "kernels/wgmma/design_lists.cuh"

namespace qgemm::kernels::wgmma {

void add_s8_large(KernelList& list) { add_large<S8>(list); }

}  // namespace qgemm::kernels::wgmma
