#pragma once
#include <vector>

#include "qgemm/result.hpp"

namespace qgemm {

/// Measures the CPU's peaks with `threads` pinned threads (0: one a physical core): `int8`, `bf16`, `f32` in TFLOP/s (an
/// operation is a multiply or an add), then `memory_read`, `memory_copy`, and for the last-level and the second-level
/// cache `l3_read`, `l3_copy`, `l2_read`, `l2_copy` in GB/s (copy: bytes read + bytes written). Takes about
/// `seconds`. What this CPU has no instruction for is left out.
std::vector<Limit> measure_limits(int threads = 0, double seconds = 2.0);

}  // namespace qgemm
