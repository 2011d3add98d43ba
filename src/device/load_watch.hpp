#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

namespace qgemm {

/// What a stretch of time looked like to the CPUs that worked; empty where the system does not tell.
struct LoadReading {
  std::optional<double> clock_mhz;       ///< At the end of it, mean over the CPUs (see `ClockSource`).
  std::optional<double> steal_pct;       ///< Time a hypervisor gave to others, of these CPUs' time.
  std::optional<double> other_load_pct;  ///< Time other processes ran on these CPUs, of these CPUs' time.
  std::optional<double> temperature_c;   ///< Of the CPU package, at the end.
};

/// Ticks of /proc/stat summed over some CPUs (1/100 s as the kernel shows them).
struct CpuTicks {
  std::int64_t busy = 0, steal = 0, total = 0;
};

/// From the text of /proc/stat; empty where none of the CPUs is in it.
std::optional<CpuTicks> parse_cpu_ticks(std::string_view proc_stat, const std::vector<int>& cpus);

/// Watches from its making to each `read`. Cheap to make (two small reads); `read` takes some 200 µs.
class LoadWatch {
 public:
  LoadWatch();  ///< Watches the CPUs of the current team (`team_cpus`).
  explicit LoadWatch(std::vector<int> cpus);
  LoadReading read() const;

 private:
  std::vector<int> cpus_;
  std::optional<CpuTicks> ticks_;
  double own_seconds_ = 0;
  std::chrono::steady_clock::time_point start_;
};

/// The CPU package's temperature from hwmon or the thermal zones. `root` is "/" but in tests.
std::optional<double> cpu_temperature_c(const std::filesystem::path& root = "/");

}  // namespace qgemm
