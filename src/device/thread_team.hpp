#pragma once
#include <vector>

namespace qgemm {

/// Sets the OpenMP team to `threads` (0: `usable_cores`, one a physical core the process may use) and pins each of its
/// threads, the caller included, to a physical core of its own; past the cores, to their second logical CPUs. Returns
/// the number used. Throws `InvalidInput` for more threads than logical CPUs this process may use, naming both numbers.
/// Later parallel regions of this thread use that team. May be called again with another number.
int pin_thread_team(int threads);

/// The size of the team parallel regions of this thread use.
int team_size();

/// Microseconds that the team takes to start and to end a parallel region which does nothing; the median of some.
double team_start_us();

/// The logical CPU of each thread of the last `pin_thread_team`; before the first, `physical_cores`.
std::vector<int> team_cpus();

/// False where the system refused to pin a thread of the last team (some sandboxes do), or there is none yet.
bool team_is_pinned();

}  // namespace qgemm
