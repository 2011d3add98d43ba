#include "device/clock.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string>

#include "device/system_files.hpp"

namespace qgemm {
namespace {

std::filesystem::path cpufreq(int cpu) { return "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/cpufreq"; }

/// True where the kernel reads the APERF/MPERF counters, so that "cpu MHz" is what the core really ran at.
bool cpuinfo_is_measured(const std::string& cpuinfo) {
  return has_word(find_field(cpuinfo, "flags").value_or(""), "aperfmperf");
}

/// The mean of "cpu MHz" over the processors asked for.
std::optional<double> cpuinfo_mhz(const std::string& cpuinfo, const std::vector<int>& cpus) {
  std::istringstream lines(cpuinfo);
  int cpu = -1;
  double sum = 0;
  int count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (const auto processor = find_field(line, "processor")) cpu = std::atoi(processor->c_str());
    const auto mhz = find_field(line, "cpu MHz");
    if (!mhz || std::find(cpus.begin(), cpus.end(), cpu) == cpus.end()) continue;
    sum += std::strtod(mhz->c_str(), nullptr);
    ++count;
  }
  if (count == 0 || sum <= 0) return std::nullopt;
  return sum / count;
}

std::optional<double> cpufreq_mhz(const std::vector<int>& cpus) {
  double sum = 0;
  int count = 0;
  for (const int cpu : cpus) {
    const auto khz = read_integer(cpufreq(cpu) / "scaling_cur_freq");
    if (!khz || *khz <= 0) continue;
    sum += static_cast<double>(*khz) / 1000;
    ++count;
  }
  if (count == 0) return std::nullopt;
  return sum / count;
}

#if defined(__x86_64__) || defined(__aarch64__)

constexpr bool can_time = true;

/// `blocks` × 64 additions, each needing the one before: one a cycle. Register operands, because some cores fold chains
/// of constants while they rename.
std::uint64_t dependent_additions(int blocks) {
  std::uint64_t value = 1;
  const std::uint64_t step = 3;
  for (int i = 0; i < blocks; ++i) {
#if defined(__x86_64__)
    __asm__ volatile(".rept 64\n\taddq %1, %0\n\t.endr" : "+r"(value) : "r"(step) : "cc");
#else
    __asm__ volatile(".rept 64\n\tadd %0, %0, %1\n\t.endr" : "+r"(value) : "r"(step));
#endif
  }
  return value;
}

std::optional<double> timed_mhz() {
  constexpr int blocks = 1000, windows = 5;  // 64,000 cycles, some 20 µs each: the best has met no interrupt
  double best = 0;
  for (int i = 0; i < windows; ++i) {
    const auto start = std::chrono::steady_clock::now();
    dependent_additions(blocks);
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    best = std::max(best, 64.0 * blocks / took.count());
  }
  return best;
}

#else

constexpr bool can_time = false;
std::optional<double> timed_mhz() { return std::nullopt; }

#endif

ClockSource detect_source() {
  if (cpufreq_mhz({0})) return ClockSource::cpufreq;
  if (cpuinfo_is_measured(read_text("/proc/cpuinfo").value_or(""))) return ClockSource::cpuinfo;
  return can_time ? ClockSource::timed : ClockSource::unknown;
}

}  // namespace

std::string_view name(ClockSource source) {
  switch (source) {
    case ClockSource::unknown: return "unknown";
    case ClockSource::cpufreq: return "cpufreq";
    case ClockSource::cpuinfo: return "cpuinfo";
    case ClockSource::timed: return "timed";
  }
  return "unknown";
}

ClockSource clock_source() {
  static const ClockSource source = detect_source();
  return source;
}

std::optional<double> clock_mhz(const std::vector<int>& cpus) {
  switch (clock_source()) {
    case ClockSource::unknown: return std::nullopt;
    case ClockSource::cpufreq: return cpufreq_mhz(cpus);
    case ClockSource::cpuinfo: return cpuinfo_mhz(read_text("/proc/cpuinfo").value_or(""), cpus);
    case ClockSource::timed: return timed_mhz();
  }
  return std::nullopt;
}

std::optional<double> nominal_mhz() {
  for (const char* file : {"base_frequency", "cpuinfo_max_freq"}) {
    if (const auto khz = read_integer(cpufreq(0) / file); khz && *khz > 0) return static_cast<double>(*khz) / 1000;
  }
  const std::string cpuinfo = read_text("/proc/cpuinfo").value_or("");
  return cpuinfo_is_measured(cpuinfo) ? std::nullopt : cpuinfo_mhz(cpuinfo, {0});
}

}  // namespace qgemm
