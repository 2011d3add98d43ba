#pragma once
#include <filesystem>
#include <vector>

namespace qgemm {

/// The logical CPUs the process was allowed when this was first asked: pinning threads later does not narrow it.
const std::vector<int>& allowed_cpus();

/// The logical CPUs of one physical core, ascending.
using Core = std::vector<int>;

/// Groups logical CPUs by physical core, in the order of their first. `cpu_folder` is sysfs's; where it does not tell
/// which CPUs share a core, each counts as one.
std::vector<Core> group_by_core(const std::vector<int>& cpus,
                                const std::filesystem::path& cpu_folder = "/sys/devices/system/cpu");

/// Where a team's threads go: the first logical CPU of each core, then the second of each, and so on.
std::vector<int> pinning_order(const std::vector<Core>& cores);

/// The logical CPUs that share `cpu`'s cache of that level (1: data, 2, 3), itself included; empty where unknown.
std::vector<int> cpus_sharing_cache(int cpu, int level,
                                    const std::filesystem::path& cpu_folder = "/sys/devices/system/cpu");

}  // namespace qgemm
