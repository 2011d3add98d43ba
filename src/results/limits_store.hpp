#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "qgemm/result.hpp"

namespace qgemm {

/// Peaks that an earlier run measured.
struct KeptLimits {
  std::vector<Limit> limits;
  std::string date;  ///< When, ISO 8601.
};

/// What the file of this device in `folder` holds, where it still holds good for a run on `now.device` by
/// `now.qgemm_version` and `now.git_revision`: measured by the same program in the last seven days, on the same device
/// with the same driver, power limit, threads and whatever else is known of it. Empty otherwise, and for a file that is
/// missing or damaged.
std::optional<KeptLimits> load_limits(const std::filesystem::path& folder, const Context& now);

/// Keeps `now.limits`, measured at `now.limits_date`; makes the folder. Throws `Unavailable` where it cannot be
/// written.
void save_limits(const std::filesystem::path& folder, const Context& now);

/// Removes them: a run has found them wrong.
void forget_limits(const std::filesystem::path& folder, const DeviceInfo& device);

}  // namespace qgemm
