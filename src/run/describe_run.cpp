#include "run/describe_run.hpp"

#include <unistd.h>

#include <ctime>

#include "qgemm/version.hpp"

namespace qgemm {
namespace {

std::string local_date() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S%z", &local);
  return text;
}

std::string host_name() {
  char text[256] = {};
  return gethostname(text, sizeof text - 1) == 0 ? text : "unknown";
}

}  // namespace

Context describe_run(const SweepOptions& options, const std::string& command, const Testbed& testbed) {
  Context out;
  out.date = local_date();
  out.host = host_name();
  out.command = command;
  out.qgemm_version = version();
  out.git_revision = git_revision();
  out.device = testbed.describe();
  for (const Engine* engine : testbed.engines()) {
    out.device.properties.emplace_back("engine_" + std::string(engine->name()), engine->description());
  }
  if (!options.no_limits) out.limits = testbed.limits();
  out.seed = options.seed;
  out.options = to_properties(options);
  return out;
}

}  // namespace qgemm
