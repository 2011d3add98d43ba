#include "device/cgroup.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "device/system_files.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

template <class T>
void narrow_to(std::optional<T>& limit, T value) {
  limit = limit ? std::min(*limit, value) : value;
}

/// The files of one control group that say what its memory is; the versions differ only in names.
struct MemoryFiles {
  const char *limit, *usage, *reclaimable;
};
constexpr MemoryFiles version2 = {"memory.max", "memory.current", "inactive_file"};
constexpr MemoryFiles version1 = {"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"};

void read_memory(const fs::path& group, const MemoryFiles& files, CgroupLimits& limits) {
  constexpr std::int64_t unlimited = std::int64_t{1} << 60U;  // version 1 says "none" with a number near 2⁶³
  const auto limit = read_integer(group / files.limit);       // version 2 says "max", which is no number
  if (!limit || *limit < 0 || *limit >= unlimited) return;
  narrow_to(limits.memory_limit, *limit);
  const auto usage = read_integer(group / files.usage);
  if (!usage) return;
  const std::string stat = read_text(group / "memory.stat").value_or("");
  const auto reclaimable = parse_size(find_field(stat, files.reclaimable, ' ').value_or("0")).value_or(0);
  const std::int64_t used = std::max<std::int64_t>(0, *usage - std::max<std::int64_t>(0, reclaimable));
  narrow_to(limits.memory_available, std::max<std::int64_t>(0, *limit - used));
}

void narrow_cpus(double quota, double period, CgroupLimits& limits) {
  if (quota > 0 && period > 0) narrow_to(limits.cpus, quota / period);
}

void read_cpu(const fs::path& group, CgroupLimits& limits) {
  if (const auto line = read_line(group / "cpu.max")) {
    std::istringstream words(*line);
    double quota = 0, period = 0;
    if (words >> quota >> period) narrow_cpus(quota, period, limits);  // "max 100000" does not parse: no limit
  }
  const auto quota = read_integer(group / "cpu.cfs_quota_us"), period = read_integer(group / "cpu.cfs_period_us");
  if (quota && period) narrow_cpus(static_cast<double>(*quota), static_cast<double>(*period), limits);
}

/// The group's folder below a mount and all above it, the mount last.
std::vector<fs::path> upward(const fs::path& mount, std::string_view group) {
  std::vector<fs::path> folders;
  fs::path below = fs::path(group).relative_path();
  while (!below.empty()) {
    folders.push_back(mount / below);
    below = below.parent_path();
  }
  folders.push_back(mount);
  return folders;
}

bool lists(std::string_view controllers, std::string_view wanted) {
  while (!controllers.empty()) {
    const auto item = controllers.substr(0, controllers.find(','));
    if (item == wanted) return true;
    controllers.remove_prefix(std::min(controllers.size(), item.size() + 1));
  }
  return false;
}

}  // namespace

CgroupLimits read_cgroup_limits(const fs::path& root) {
  CgroupLimits limits;
  const fs::path mount = root / "sys/fs/cgroup";
  std::istringstream lines(read_text(root / "proc/self/cgroup").value_or(""));
  // Each line is "hierarchy:controllers:group"; version 2 has hierarchy 0 and no controllers.
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1), group = line.substr(second + 1);
    if (controllers.empty()) {
      for (const char* unified : {"", "unified"}) {
        for (const auto& folder : upward(mount / unified, group)) {
          read_memory(folder, version2, limits);
          read_cpu(folder, limits);
        }
      }
    }
    if (lists(controllers, "memory")) {
      for (const auto& folder : upward(mount / "memory", group)) read_memory(folder, version1, limits);
    }
    if (lists(controllers, "cpu")) {
      for (const char* name : {"cpu", "cpu,cpuacct"}) {
        for (const auto& folder : upward(mount / name, group)) read_cpu(folder, limits);
      }
    }
  }
  return limits;
}

}  // namespace qgemm
