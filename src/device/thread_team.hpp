#pragma once

namespace qgemm {

/// Sets the OpenMP team to `threads` (0: one a physical core the process may use) and pins each of its threads, the
/// caller included, to a physical core of its own. Returns the number used. Throws `InvalidInput` for more threads than
/// logical CPUs this process may use, naming both numbers. Later parallel regions of this thread use that team.
int pin_thread_team(int threads);

/// The size of the team parallel regions of this thread use.
int team_size();

}  // namespace qgemm
