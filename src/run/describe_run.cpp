#include "run/describe_run.hpp"

#include <unistd.h>

#include <ctime>

#include "qgemm/error.hpp"
#include "qgemm/version.hpp"
#include "results/limits_store.hpp"

namespace qgemm {
namespace {

std::string host_name() {
  char text[256] = {};
  return gethostname(text, sizeof text - 1) == 0 ? text : "unknown";
}

/// Limits that cannot be kept are measured again next time; that is no reason to measure nothing now.
void keep_limits(const std::filesystem::path& folder, const Context& context) {
  try {
    save_limits(folder, context);
  } catch (const Unavailable&) {
  }
}

}  // namespace

std::string local_date() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S%z", &local);
  return text;
}

Context describe_run(const SweepOptions& options, const SweepRun& run, const Testbed& testbed,
                     const std::vector<const Engine*>& engines) {
  Context out;
  out.date = local_date();
  out.host = host_name();
  out.command = run.command;
  out.qgemm_version = version();
  out.git_revision = git_revision();
  out.device = testbed.describe();
  for (const Engine* engine : engines) {
    out.device.properties.emplace_back("engine_" + std::string(engine->name()), engine->description());
  }
  out.seed = options.seed;
  out.options = to_properties(options);
  if (options.no_limits) return out;
  if (!run.limits_folder.empty() && !run.fresh_limits) {
    if (auto kept = load_limits(run.limits_folder, out)) {
      out.limits = std::move(kept->limits);
      out.limits_date = std::move(kept->date);
      return out;
    }
  }
  out.limits = testbed.limits();
  out.limits_date = out.date;
  if (!run.limits_folder.empty()) keep_limits(run.limits_folder, out);
  return out;
}

}  // namespace qgemm
