#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qgemm/result.hpp"

namespace qgemm {

/// Instruction sets that kernels of this project are written for, each including the ones before it.
enum class Isa : std::uint8_t { plain, avx2, avx512 };
std::string_view name(Isa isa);
Isa parse_isa(std::string_view text);  ///< A value of `QGEMM_ISA`; throws `InvalidInput` naming it and what it can be.

/// What this CPU and its operating system can run (CPUID and XGETBV; all false on other architectures).
struct CpuFeatures {
  bool avx2 = false;    ///< AVX2, FMA and F16C.
  bool avx512 = false;  ///< F, BW, VL and DQ.
  bool avx512_vnni = false, avx_vnni = false, avx512_bf16 = false, avx512_fp16 = false;
  bool amx_int8 = false, amx_bf16 = false;
};

/// The caches one thread sees, bytes; 0 where unknown. `last_level` is the largest (L3, or L2 where there is none).
struct CacheSizes {
  std::int64_t l1d = 0, l2 = 0, l3 = 0;
  std::int64_t last_level() const { return l3 > 0 ? l3 : l2; }
};

const CpuFeatures& cpu_features();                  ///< Detected once. `QGEMM_ISA=plain|avx2|avx512` narrows it.
CpuFeatures narrow(CpuFeatures features, Isa isa);  ///< Without what is past `isa`; never adds a feature.
Isa best_isa();                                     ///< The widest of `Isa` that `cpu_features` allows.
const CacheSizes& cache_sizes();                    ///< From sysfs, else sysconf.
std::int64_t total_last_level_bytes();              ///< Of all last-level caches the process's CPUs have, together.
std::string cpu_model_name();                       ///< "AMD EPYC …"; "unknown CPU" where the system does not tell.

/// One logical CPU for each physical core this process may run on (its affinity mask when first asked), in order. A
/// cgroup's CPU quota does not shorten the list: it limits time, not places.
std::vector<int> physical_cores();

/// The threads worth using: `physical_cores`, or the cgroup's CPU quota rounded down (at least 1) where that is less:
/// past it the kernel stops all threads for the rest of each period, which no timing survives.
int usable_cores();

/// CPUs' worth of time the cgroup allows; empty where it sets no limit.
std::optional<double> cpu_quota();

/// Bytes a new allocation can get without swapping: MemAvailable, narrowed by the cgroup's limit.
std::int64_t available_memory_bytes();
std::int64_t total_memory_bytes();

/// Name, cores, threads, instruction sets, caches, memory, kernel: the context's `device`. `threads` as used.
DeviceInfo describe_cpu(int threads);

}  // namespace qgemm
