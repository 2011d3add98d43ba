#include "qgemm/limits.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>

#include "device/cpu_info.hpp"
#include "device/thread_team.hpp"
#include "limits/measure.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

// Shorter than a scheduler's slice: on a shared machine some windows meet no other process on any of the CPUs.
constexpr int window_ms = 2;

/// One limit a name, in the order met: the best contender's value, with how it was reached.
std::vector<Limit> best_of(const std::vector<Contender>& contenders, const std::string& conditions) {
  std::vector<Limit> limits;
  for (const Contender& contender : contenders) {
    const auto same = [&contender](const Limit& limit) { return limit.name == contender.limit; };
    auto limit = std::find_if(limits.begin(), limits.end(), same);
    if (limit == limits.end()) limit = limits.insert(limits.end(), Limit{contender.limit, 0, contender.unit, {}});
    if (contender.best < limit->value) continue;
    limit->value = contender.best;
    limit->method = contender.method + conditions;
  }
  return limits;
}

}  // namespace

std::vector<Limit> measure_limits(int threads, double seconds) {
  if (!(seconds > 0) || !std::isfinite(seconds)) {
    throw InvalidInput("the time to measure limits in is " + std::to_string(seconds) + " s; it must be positive");
  }
  const auto start = std::chrono::steady_clock::now();
  const int used = pin_thread_team(threads);
  LimitBench bench(used, cpu_features(), choose_stream_sizes(team_cpus()));
  int rounds = 0;
  do {
    bench.run_round(window_ms * 1e-3);
    ++rounds;
  } while (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < seconds);
  const std::string conditions = ", " + std::to_string(used) + (used == 1 ? " thread" : " threads") + ", best of " +
                                 std::to_string(rounds) + (rounds == 1 ? " window" : " windows") + " of " +
                                 std::to_string(window_ms) + " ms";
  return best_of(bench.contenders(), conditions);
}

}  // namespace qgemm
