#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "device/cgroup.hpp"
#include "device/cpu_info.hpp"
#include "device/system_files.hpp"

namespace qgemm {
namespace {

/// A line of /proc/meminfo ("MemAvailable:  24182340 kB") in bytes; 0 where there is none.
std::int64_t meminfo(std::string_view key) {
  const std::string text = read_text("/proc/meminfo").value_or("");
  return parse_size(find_field(text, key).value_or("0")).value_or(0) * 1024;
}

std::int64_t pages(int what) {
  return std::max<std::int64_t>(0, sysconf(what)) * std::max<std::int64_t>(0, sysconf(_SC_PAGESIZE));
}

}  // namespace

std::int64_t available_memory_bytes() {
  std::int64_t bytes = meminfo("MemAvailable");
  if (bytes == 0) bytes = meminfo("MemFree");
#ifdef _SC_AVPHYS_PAGES
  if (bytes == 0) bytes = pages(_SC_AVPHYS_PAGES);
#endif
  const CgroupLimits limits = read_cgroup_limits();
  return limits.memory_available ? std::min(bytes, *limits.memory_available) : bytes;
}

std::int64_t total_memory_bytes() {
  std::int64_t bytes = meminfo("MemTotal");
  if (bytes == 0) bytes = pages(_SC_PHYS_PAGES);
  const CgroupLimits limits = read_cgroup_limits();
  return limits.memory_limit ? std::min(bytes, *limits.memory_limit) : bytes;
}

std::optional<double> cpu_quota() { return read_cgroup_limits().cpus; }

int usable_cores() {
  const int cores = static_cast<int>(physical_cores().size());
  const auto quota = cpu_quota();
  return quota && *quota < cores ? std::max(1, static_cast<int>(*quota)) : cores;
}

}  // namespace qgemm
