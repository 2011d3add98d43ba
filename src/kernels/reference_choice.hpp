#pragma once
#include <cstdint>
#include <string>

#include "qgemm/dtype.hpp"

namespace qgemm::kernels {

/// The name of the kernel that the reference's fixed tables give for D[M,N] of `input` (s8, e4m3), on a GPU of this
/// compute capability (80, 86, 89, 90) whose blocks can have that much shared memory: a tile of sm_80 or sm_89 that
/// needs more falls back to a smaller one. Throws `Unavailable` where there is no table: FP8 below 9.0, GPUs before 8.0
/// or after 9.0.
std::string reference_choice(DType input, int capability, std::int64_t shared_bytes_per_block, std::int64_t m,
                             std::int64_t n);

}  // namespace qgemm::kernels
