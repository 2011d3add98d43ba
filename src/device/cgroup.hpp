#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>

namespace qgemm {

/// What the control groups around this process allow it. Version 2 and version 1 are read, from the process's own group
/// up to the root, and the tightest wins; a container that sees only its own subtree is covered by that too.
struct CgroupLimits {
  std::optional<std::int64_t> memory_limit;      ///< Bytes in all.
  std::optional<std::int64_t> memory_available;  ///< Bytes left; file pages the kernel drops first count as left.
  std::optional<double> cpus;                    ///< Quota ÷ period.
};

/// `root` is "/" but in tests.
CgroupLimits read_cgroup_limits(const std::filesystem::path& root = "/");

}  // namespace qgemm
