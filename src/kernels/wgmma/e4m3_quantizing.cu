#include "kernels/wgmma/design_lists.cuh"

namespace qgemm::kernels::wgmma {

void add_e4m3_quantizing(KernelList& list) { add_quantizing<E4M3>(list); }

}  // namespace qgemm::kernels::wgmma
