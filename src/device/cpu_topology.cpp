#include "device/cpu_topology.hpp"

#include <omp.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <thread>

#include "device/cpu_info.hpp"
#include "device/system_files.hpp"
#include "device/thread_cpus.hpp"

namespace qgemm {
namespace {

std::vector<int> detect_allowed_cpus() {
  std::vector<int> cpus = this_thread_cpus();
  // OMP_PLACES and OMP_PROC_BIND make the OpenMP library pin this thread before main: its mask then shows one place,
  // while the process may use them all.
  for (int place = 0; place < omp_get_num_places(); ++place) {
    std::vector<int> ids(static_cast<std::size_t>(std::max(0, omp_get_place_num_procs(place))));
    if (!ids.empty()) omp_get_place_proc_ids(place, ids.data());
    cpus.insert(cpus.end(), ids.begin(), ids.end());
  }
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
  if (cpus.empty()) {
    cpus.resize(std::max(1U, std::thread::hardware_concurrency()));
    std::iota(cpus.begin(), cpus.end(), 0);
  }
  return cpus;
}

/// The same text for all logical CPUs of one core, another for every other core; empty where unknown.
std::string core_key(int cpu, const std::filesystem::path& cpu_folder) {
  const auto topology = cpu_folder / ("cpu" + std::to_string(cpu)) / "topology";
  for (const char* file : {"thread_siblings_list", "core_cpus_list"}) {
    if (const auto siblings = read_line(topology / file); siblings && !siblings->empty()) return "cpus " + *siblings;
  }
  const auto core = read_line(topology / "core_id");
  if (!core || core->empty()) return {};
  return "core " + *core + " of package " + read_line(topology / "physical_package_id").value_or("0");
}

}  // namespace

const std::vector<int>& allowed_cpus() {
  static const std::vector<int> cpus = detect_allowed_cpus();
  return cpus;
}

std::vector<Core> group_by_core(const std::vector<int>& cpus, const std::filesystem::path& cpu_folder) {
  std::vector<Core> cores;
  std::map<std::string, std::size_t> known;
  for (const int cpu : cpus) {
    const std::string key = core_key(cpu, cpu_folder);
    const auto found = key.empty() ? known.end() : known.find(key);
    if (found != known.end()) {
      cores[found->second].push_back(cpu);
    } else {
      if (!key.empty()) known.emplace(key, cores.size());
      cores.push_back({cpu});
    }
  }
  return cores;
}

std::vector<int> pinning_order(const std::vector<Core>& cores) {
  std::vector<int> order;
  for (std::size_t sibling = 0;; ++sibling) {
    const std::size_t before = order.size();
    for (const Core& core : cores) {
      if (sibling < core.size()) order.push_back(core[sibling]);
    }
    if (order.size() == before) return order;
  }
}

std::vector<int> cpus_sharing_cache(int cpu, int level, const std::filesystem::path& cpu_folder) {
  const auto caches = cpu_folder / ("cpu" + std::to_string(cpu)) / "cache";
  for (int index = 0; index < 16; ++index) {
    const auto cache = caches / ("index" + std::to_string(index));
    if (read_integer(cache / "level") != level || read_line(cache / "type") == "Instruction") continue;
    if (const auto list = read_line(cache / "shared_cpu_list")) return parse_cpu_list(*list);
  }
  return {};
}

std::vector<int> physical_cores() {
  std::vector<int> cpus;
  for (const Core& core : group_by_core(allowed_cpus())) cpus.push_back(core.front());
  return cpus;
}

}  // namespace qgemm
