#pragma once
#include <vector>

namespace qgemm {

/// The logical CPUs that the calling thread may run on; empty where the system does not tell.
std::vector<int> this_thread_cpus();

/// Lets the calling thread, and those that it starts from now on, run on these. False where the system refuses.
bool run_this_thread_on(const std::vector<int>& cpus);

/// Gives the calling thread back, at its end, the CPUs that it had at its beginning: whoever starts threads later would
/// otherwise have them all on the one core that it was pinned to.
class KeepThreadCpus {
 public:
  KeepThreadCpus() : cpus_(this_thread_cpus()) {}
  KeepThreadCpus(const KeepThreadCpus&) = delete;
  KeepThreadCpus& operator=(const KeepThreadCpus&) = delete;
  ~KeepThreadCpus() { run_this_thread_on(cpus_); }

 private:
  std::vector<int> cpus_;
};

/// While it lives, threads that other libraries start may run on the CPUs of the team but the one that the calling
/// thread is pinned to: as many as the team's other threads, with as much room. Without it they would inherit that one
/// CPU, and share it with the calling thread.
class RoomForOtherThreads {
 public:
  RoomForOtherThreads();

 private:
  KeepThreadCpus kept_;
};

/// Waits until no other thread of this process runs, or `most_seconds` are over. The threads of an OpenMP team go on
/// turning for some milliseconds after their work, and those of two libraries would turn in each other's way.
void wait_for_other_threads(double most_seconds);

}  // namespace qgemm
