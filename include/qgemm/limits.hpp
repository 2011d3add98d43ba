#pragma once
#include <vector>

#include "qgemm/result.hpp"

namespace qgemm {

/// Measures the CPU's peaks with `threads` pinned threads (0: one a physical core): `int8`, `bf16`, `f32` in TFLOP/s
/// (an operation is a multiply or an add), then `memory_read`, `memory_copy`, and for the last-level and the
/// second-level cache `l3_read`, `l3_copy`, `l2_read`, `l2_copy` in GB/s (copy: bytes read + bytes written). Takes
/// about `seconds`, and at least one round of 2 ms windows and the filling of the buffer, some 0.3 s. Each value is the
/// best window's: a limit is what the hardware can do, not what it does beside other work. `method` says how. Left out:
/// `bf16` where the CPU has no instruction for it; `int8` and `bf16` where it has AMX for them, because the vector
/// instructions measured here are far below what a library reaches with AMX, and a low limit misleads more than none; a
/// cache that the CPU does not have or tell of; memory where too little is free to outgrow the caches. Pins the calling
/// thread and its team. Throws `InvalidInput` for too many threads or a time that is not positive.
std::vector<Limit> measure_limits(int threads = 0, double seconds = 2.0);

}  // namespace qgemm
