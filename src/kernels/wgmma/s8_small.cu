#include "kernels/wgmma/design_lists.cuh"

namespace qgemm::kernels::wgmma {

void add_s8_small(KernelList& list) { add_small<S8>(list); }

}  // namespace qgemm::kernels::wgmma
