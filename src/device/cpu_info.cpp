#include "device/cpu_info.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <set>

#include "device/cpu_topology.hpp"
#include "device/system_files.hpp"

namespace qgemm {
namespace {

CacheSizes caches_from_sysfs(int cpu) {
  CacheSizes sizes;
  const std::filesystem::path folder = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/cache";
  for (int index = 0; index < 16; ++index) {
    const auto cache = folder / ("index" + std::to_string(index));
    const auto level = read_integer(cache / "level");
    const auto size = read_integer(cache / "size");
    if (!level || !size || read_line(cache / "type") == "Instruction") continue;
    if (*level == 1) sizes.l1d = std::max(sizes.l1d, *size);
    if (*level == 2) sizes.l2 = std::max(sizes.l2, *size);
    if (*level == 3) sizes.l3 = std::max(sizes.l3, *size);
  }
  return sizes;
}

CacheSizes detect_caches() {
  CacheSizes sizes = caches_from_sysfs(allowed_cpus().front());
#ifdef _SC_LEVEL1_DCACHE_SIZE
  const auto ask = [](int what) { return std::max<std::int64_t>(0, sysconf(what)); };
  if (sizes.l1d == 0) sizes.l1d = ask(_SC_LEVEL1_DCACHE_SIZE);
  if (sizes.l2 == 0) sizes.l2 = ask(_SC_LEVEL2_CACHE_SIZE);
  if (sizes.l3 == 0) sizes.l3 = ask(_SC_LEVEL3_CACHE_SIZE);
#endif
  return sizes;
}

}  // namespace

const CacheSizes& cache_sizes() {
  static const CacheSizes sizes = detect_caches();
  return sizes;
}

namespace {

std::int64_t count_last_level_bytes() {
  const std::int64_t one = cache_sizes().last_level();
  const int level = cache_sizes().l3 > 0 ? 3 : 2;
  std::set<int> counted;
  std::int64_t total = 0;
  for (const int cpu : allowed_cpus()) {
    if (!counted.insert(cpu).second) continue;
    const auto sharing = cpus_sharing_cache(cpu, level);
    if (sharing.empty()) return one;
    counted.insert(sharing.begin(), sharing.end());
    total += one;
  }
  return total;
}

}  // namespace

std::int64_t total_last_level_bytes() {
  // Asked for in every large enough quantization: reading the system's files takes longer than quantizing a row.
  static const std::int64_t total = count_last_level_bytes();
  return total;
}

std::string cpu_model_name() {
  const std::string text = read_text("/proc/cpuinfo").value_or("");
  for (const char* key : {"model name", "Model", "Processor", "cpu model", "cpu"}) {
    if (const auto name = find_field(text, key); name && !name->empty()) return *name;
  }
  // arm64 kernels give numbers only.
  const auto implementer = find_field(text, "CPU implementer"), part = find_field(text, "CPU part");
  if (implementer && part) return "Arm CPU (implementer " + *implementer + ", part " + *part + ")";
  return "unknown CPU";
}

}  // namespace qgemm
