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
  if (!testbed.limits_last()) add_limits(out, run, testbed);
  return out;
}

void add_limits(Context& context, const SweepRun& run, const Testbed& testbed) {
  context.limits = testbed.limits();
  context.limits_date = context.date;
  if (run.limits_folder.empty()) return;
  try {
    save_limits(run.limits_folder, context);
  } catch (const Unavailable&) {  // they are measured again next time; that is no reason to measure nothing now
  }
}

}  // namespace qgemm
