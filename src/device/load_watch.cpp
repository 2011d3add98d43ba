#include "device/load_watch.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <sstream>
#include <string>

#include "device/clock.hpp"
#include "device/system_files.hpp"
#include "device/thread_team.hpp"

namespace qgemm {
namespace {

double own_cpu_seconds() {
  timespec now{};
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) != 0) return 0;
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::optional<CpuTicks> cpu_ticks(const std::vector<int>& cpus) {
  return parse_cpu_ticks(read_text("/proc/stat").value_or(""), cpus);
}

bool is_cpu_sensor(std::string_view type) {
  constexpr std::array<std::string_view, 7> known = {"coretemp",     "k10temp",     "zenpower",   "cpu_thermal",
                                                     "x86_pkg_temp", "cpu-thermal", "soc_thermal"};
  return std::find(known.begin(), known.end(), type) != known.end();
}

}  // namespace

std::optional<CpuTicks> parse_cpu_ticks(std::string_view proc_stat, const std::vector<int>& cpus) {
  std::istringstream lines{std::string(proc_stat)};
  CpuTicks sum;
  bool found = false;
  for (std::string line; std::getline(lines, line);) {
    // "cpu3 user nice system idle iowait irq softirq steal guest guest_nice"; guest is part of user already.
    if (line.rfind("cpu", 0) != 0 || line.size() < 4 || line[3] == ' ') continue;
    if (std::find(cpus.begin(), cpus.end(), std::atoi(line.c_str() + 3)) == cpus.end()) continue;
    std::istringstream words(line.substr(line.find(' ')));
    std::array<std::int64_t, 8> ticks{};
    for (auto& value : ticks) words >> value;
    const std::int64_t busy = ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6];
    sum.busy += busy;
    sum.steal += ticks[7];
    sum.total += busy + ticks[3] + ticks[4] + ticks[7];
    found = true;
  }
  if (!found) return std::nullopt;
  return sum;
}

std::optional<double> cpu_temperature_c(const std::filesystem::path& root) {
  struct Place {
    const char *folder, *type, *value;
  };
  constexpr std::array<Place, 2> places = {Place{"sys/class/hwmon", "name", "temp1_input"},
                                           Place{"sys/class/thermal", "type", "temp"}};
  for (const Place& place : places) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(root / place.folder, error)) {
      if (!is_cpu_sensor(read_line(entry.path() / place.type).value_or(""))) continue;
      const auto millidegrees = read_integer(entry.path() / place.value);
      if (millidegrees && *millidegrees > 0) return static_cast<double>(*millidegrees) / 1000;
    }
  }
  return std::nullopt;
}

LoadWatch::LoadWatch() : LoadWatch(team_cpus()) {}

LoadWatch::LoadWatch(std::vector<int> cpus)
    : cpus_(std::move(cpus)),
      ticks_(cpu_ticks(cpus_)),
      own_seconds_(own_cpu_seconds()),
      start_(std::chrono::steady_clock::now()) {}

LoadReading LoadWatch::read() const {
  LoadReading reading;
  const double own_seconds = own_cpu_seconds() - own_seconds_;
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
  reading.clock_mhz = clock_mhz(cpus_);  // first: the clock falls once the work is over
  const auto ticks = cpu_ticks(cpus_);
  // Ticks are 10 ms long: under a quarter of a second the shares would be mostly rounding.
  if (ticks && ticks_ && elapsed.count() >= 0.25 && ticks->total > ticks_->total) {
    const double total = static_cast<double>(ticks->total - ticks_->total);
    const double own = own_seconds * static_cast<double>(sysconf(_SC_CLK_TCK));
    reading.steal_pct = 100.0 * static_cast<double>(ticks->steal - ticks_->steal) / total;
    const double other = 100.0 * (static_cast<double>(ticks->busy - ticks_->busy) - own) / total;
    reading.other_load_pct = std::clamp(other, 0.0, 100.0);
  }
  reading.temperature_c = cpu_temperature_c();
  return reading;
}

}  // namespace qgemm
