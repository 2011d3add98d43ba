#pragma once
#include "kernels/kernel_list.hpp"

namespace qgemm::kernels::wgmma {

// A file each, so that they compile side by side.
void add_s8_small(KernelList& list);
void add_s8_quantizing(KernelList& list);
void add_s8_between(KernelList& list);
void add_s8_medium(KernelList& list);
void add_s8_large(KernelList& list);
void add_e4m3_small(KernelList& list);
void add_e4m3_quantizing(KernelList& list);
void add_e4m3_between(KernelList& list);
void add_e4m3_medium(KernelList& list);
void add_e4m3_large(KernelList& list);

}  // namespace qgemm::kernels::wgmma
