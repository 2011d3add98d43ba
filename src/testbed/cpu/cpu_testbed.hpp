#pragma once
#include <cstdint>
#include <memory>

#include "testbed/testbed.hpp"

namespace qgemm {

/// The CPU: pins the team of `options.threads` threads; the calling one is free again when the testbed ends. Throws
/// `InvalidInput` for more threads than the process may use.
std::unique_ptr<Testbed> make_cpu_testbed(const SweepOptions& options);

/// Bytes of memory that measuring may use now: what the system has available less a reserve for everybody else, or
/// `max_gib` where that is less (0: no such bound).
std::int64_t cpu_memory_budget(double max_gib);

}  // namespace qgemm
