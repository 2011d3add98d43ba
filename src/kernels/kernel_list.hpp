#pragma once
#include <memory>
#include <vector>

#include "kernels/scaled_gemm.hpp"

namespace qgemm::kernels {

using KernelList = std::vector<std::unique_ptr<const ScaledGemmKernel>>;

// A file each, for a family of tiles: compiling CUTLASS's headers takes longer than compiling a kernel.
namespace sm90 {
void add_s8_reference(KernelList& list);
void add_e4m3_reference(KernelList& list);
}  // namespace sm90

namespace sm80 {
void add_s8_small(KernelList& list);
void add_s8_large(KernelList& list);
}  // namespace sm80

}  // namespace qgemm::kernels
