#include "device/thread_cpus.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>

#ifdef __linux__
#include <sched.h>
#endif

#include "device/thread_team.hpp"

namespace qgemm {
namespace {

double clock_seconds(clockid_t clock) {
  timespec now{};
  if (clock_gettime(clock, &now) != 0) return 0;
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Of all threads of this process but the calling one.
double others_cpu_seconds() { return clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - clock_seconds(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace

std::vector<int> this_thread_cpus() {
  std::vector<int> cpus;
#ifdef __linux__
  // The kernel refuses a mask smaller than its own with EINVAL: grow until it fits.
  for (int capacity = 1024; capacity <= (1 << 20); capacity *= 2) {
    cpu_set_t* set = CPU_ALLOC(capacity);
    if (set == nullptr) break;
    const std::size_t bytes = CPU_ALLOC_SIZE(capacity);
    const bool ok = sched_getaffinity(0, bytes, set) == 0;
    for (int cpu = 0; ok && cpu < capacity; ++cpu) {
      if (CPU_ISSET_S(static_cast<std::size_t>(cpu), bytes, set)) cpus.push_back(cpu);
    }
    CPU_FREE(set);
    if (ok) break;
  }
#endif
  return cpus;
}

bool run_this_thread_on([[maybe_unused]] const std::vector<int>& cpus) {
#ifdef __linux__
  if (cpus.empty()) return false;
  const int capacity = std::max(1024, *std::max_element(cpus.begin(), cpus.end()) + 1);
  cpu_set_t* set = CPU_ALLOC(capacity);
  if (set == nullptr) return false;
  const std::size_t bytes = CPU_ALLOC_SIZE(capacity);
  CPU_ZERO_S(bytes, set);
  for (const int cpu : cpus) CPU_SET_S(static_cast<std::size_t>(cpu), bytes, set);
  const bool ok = sched_setaffinity(0, bytes, set) == 0;
  CPU_FREE(set);
  return ok;
#else
  return false;
#endif
}

RoomForOtherThreads::RoomForOtherThreads() {
  std::vector<int> others = team_cpus();
  const std::vector<int> own = this_thread_cpus();
  // A thread that is not pinned, or is the whole team, leaves nobody less room than itself.
  if (own.size() != 1 || others.size() < 2) return;
  others.erase(std::remove(others.begin(), others.end(), own.front()), others.end());
  run_this_thread_on(others);
}

void wait_for_other_threads(double most_seconds) {
  constexpr auto look = std::chrono::microseconds(200);
  constexpr double idle = 0.1;  // of the time between two looks
  const auto started = std::chrono::steady_clock::now();
  for (;;) {
    const double before = others_cpu_seconds();
    const auto looked = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(look);
    const auto now = std::chrono::steady_clock::now();
    const double ran = others_cpu_seconds() - before;
    if (ran < idle * std::chrono::duration<double>(now - looked).count()) return;
    if (std::chrono::duration<double>(now - started).count() > most_seconds) return;
  }
}

}  // namespace qgemm
