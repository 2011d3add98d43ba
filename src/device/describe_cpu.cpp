#include <sys/utsname.h>

#include <cstdint>
#include <optional>
#include <string>

#include "device/clock.hpp"
#include "device/cpu_info.hpp"
#include "device/cpu_topology.hpp"
#include "device/system_files.hpp"
#include "device/thread_team.hpp"

namespace qgemm {
namespace {

/// The instruction sets under the names /proc/cpuinfo uses.
std::string isa_list() {
  const CpuFeatures& has = cpu_features();
  std::string list;
  const auto add = [&list](bool present, const char* names) {
    if (!present) return;
    if (!list.empty()) list += ' ';
    list += names;
  };
  add(has.avx2, "avx2 fma f16c");
  add(has.avx_vnni, "avx_vnni");
  add(has.avx512, "avx512f avx512bw avx512vl avx512dq");
  add(has.avx512_vnni, "avx512_vnni");
  add(has.avx512_bf16, "avx512_bf16");
  add(has.avx512_fp16, "avx512_fp16");
  add(has.amx_int8, "amx_int8");
  add(has.amx_bf16, "amx_bf16");
  return list.empty() ? "plain" : list;
}

std::string kernel_release() {
  utsname names{};
  if (uname(&names) != 0) return "unknown";
  return std::string(names.sysname) + " " + names.release + " " + names.machine;
}

bool is_virtual_machine() {
  const std::string cpuinfo = read_text("/proc/cpuinfo").value_or("");
  return has_word(find_field(cpuinfo, "flags").value_or(""), "hypervisor") ||
         read_line("/sys/hypervisor/type").has_value();
}

/// The choice in brackets of "always [madvise] never".
Value chosen(const char* path) {
  const std::string line = read_line(path).value_or("");
  const auto open = line.find('['), close = line.find(']');
  if (open == std::string::npos || close == std::string::npos || close < open) return {};
  return line.substr(open + 1, close - open - 1);
}

template <class T>
Value value_of(const std::optional<T>& value) {
  return value ? Value(*value) : Value();
}

Value bytes_of(std::int64_t bytes) { return bytes > 0 ? Value(bytes) : Value(); }

}  // namespace

DeviceInfo describe_cpu(int threads) {
  DeviceInfo device;
  device.kind = DeviceKind::cpu;
  device.name = cpu_model_name();
  const CacheSizes& caches = cache_sizes();
  const std::string cpufreq = "/sys/devices/system/cpu/cpu" + std::to_string(allowed_cpus().front()) + "/cpufreq/";
  device.properties = {
      {"isa", isa_list()},
      {"physical_cores", static_cast<std::int64_t>(physical_cores().size())},
      {"logical_cpus", static_cast<std::int64_t>(allowed_cpus().size())},
      {"cpu_quota", value_of(cpu_quota())},
      {"threads", static_cast<std::int64_t>(threads)},
      {"pinned", team_is_pinned()},
      {"l1d_bytes", bytes_of(caches.l1d)},
      {"l2_bytes", bytes_of(caches.l2)},
      {"l3_bytes", bytes_of(caches.l3)},
      {"last_level_total_bytes", bytes_of(total_last_level_bytes())},
      {"memory_bytes", bytes_of(total_memory_bytes())},
      {"nominal_mhz", value_of(nominal_mhz())},
      {"clock_source", std::string(name(clock_source()))},
      {"governor", value_of(read_line(cpufreq + "scaling_governor"))},
      {"virtual_machine", is_virtual_machine()},
      {"transparent_hugepages", chosen("/sys/kernel/mm/transparent_hugepage/enabled")},
      {"kernel", kernel_release()},
  };
  return device;
}

}  // namespace qgemm
