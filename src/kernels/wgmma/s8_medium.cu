#include "kernels/wgmma/design_lists.cuh"

namespace qgemm::kernels::wgmma {

void add_s8_medium(KernelList& list) { add_medium<S8>(list); }

}  // namespace qgemm::kernels::wgmma
