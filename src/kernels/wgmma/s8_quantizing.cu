#include "kernels/wgmma/design_lists.cuh"

namespace qgemm::kernels::wgmma {

void add_s8_quantizing(KernelList& list) { add_quantizing<S8>(list); }

}  // namespace qgemm::kernels::wgmma
