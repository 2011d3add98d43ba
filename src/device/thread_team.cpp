#include "device/thread_team.hpp"

#include <omp.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <string>

#include "device/cpu_info.hpp"
#include "device/cpu_topology.hpp"
#include "device/thread_cpus.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

struct Team {
  std::mutex mutex;
  std::vector<int> cpus;
  bool pinned = false;
};

Team& current_team() {
  static Team team;
  return team;
}

}  // namespace

int pin_thread_team(int threads) {
  // Asked before the first pinning, which would narrow the mask.
  const std::vector<int> order = pinning_order(group_by_core(allowed_cpus()));
  const int most = static_cast<int>(order.size()), limit = omp_get_thread_limit();
  if (threads < 0)
    throw InvalidInput("the number of threads is " + std::to_string(threads) + "; it must not be negative");
  if (threads > most) {
    throw InvalidInput(std::to_string(threads) + " threads were asked for, but this process may use " +
                       std::to_string(most) + " logical CPUs");
  }
  if (threads > limit) {
    throw InvalidInput(std::to_string(threads) + " threads were asked for, but OMP_THREAD_LIMIT allows " +
                       std::to_string(limit));
  }
  const int wanted = threads > 0 ? threads : std::min(usable_cores(), limit);

  omp_set_dynamic(0);
  omp_set_num_threads(wanted);
  std::atomic<int> refused = 0;
  int size = 1;
#pragma omp parallel default(none) shared(order, refused, size)
  {
    if (!run_this_thread_on({order[static_cast<std::size_t>(omp_get_thread_num())]})) ++refused;
#pragma omp single
    size = omp_get_num_threads();
  }

  Team& team = current_team();
  const std::lock_guard lock(team.mutex);
  team.cpus.assign(order.begin(), order.begin() + size);
  team.pinned = refused == 0;
  return size;
}

int team_size() { return omp_get_max_threads(); }

double team_start_us() {
  constexpr std::size_t regions = 51;
  std::array<double, regions> us{};
  int threads = 0;  // so that there is something in the region, and it stays
  for (double& time : us) {
    const auto started = std::chrono::steady_clock::now();
#pragma omp parallel default(none) shared(threads)
    {
#pragma omp atomic
      ++threads;
    }
    time = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - started).count();
  }
  std::nth_element(us.begin(), us.begin() + regions / 2, us.end());
  return us.at(regions / 2);
}

std::vector<int> team_cpus() {
  Team& team = current_team();
  const std::lock_guard lock(team.mutex);
  return team.cpus.empty() ? physical_cores() : team.cpus;
}

bool team_is_pinned() {
  Team& team = current_team();
  const std::lock_guard lock(team.mutex);
  return team.pinned;
}

}  // namespace qgemm
