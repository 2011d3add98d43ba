#pragma once
#include <string_view>
#include <vector>

#include "device/cpu_info.hpp"
#include "engines/avx512/tile_kernel.hpp"

namespace qgemm::avx512 {

/// All kernels of this build, best first: "amx_int8", "avx512_vnni", "avx2_vnni", "avx2"; none where it is not x86-64.
std::vector<std::string_view> kernel_names();

/// The kernel of that name where a CPU with these features, and this system, can run it; else null.
const TileKernel* find_kernel(std::string_view name, const CpuFeatures& features);

/// The first of `kernel_names` that can run, or null.
const TileKernel* best_kernel(const CpuFeatures& features);

}  // namespace qgemm::avx512
