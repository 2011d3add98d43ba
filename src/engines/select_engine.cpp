#include "engines/select_engine.hpp"

#include <string>

#include "core/nearest.hpp"
#include "engines/engine_list.hpp"
#ifdef QGEMM_HAVE_CUDA
#include "cuda/device.hpp"
#include "engine/cuda/hosted_engine.hpp"
#include "engines/cuda_engine_list.hpp"
#endif
#include "qgemm/error.hpp"

namespace qgemm {

namespace {

/// The CPU's engines, then those of the first GPU: `auto` never copies operands to another device unasked.
std::vector<std::unique_ptr<HostEngine>> all_engines() {
  auto engines = make_engines();
#ifdef QGEMM_HAVE_CUDA
  const auto devices = cuda::find_devices();
  if (!devices.list.empty()) {
    for (auto& engine : cuda::make_engines(devices.list.front())) {
      engines.push_back(cuda::make_hosted(std::move(engine), devices.list.front()));
    }
  }
#endif
  return engines;
}

}  // namespace

const HostEngine& select_engine(std::string_view name, const GemmSpec& spec) {
  static const auto engines = all_engines();
  std::vector<std::string> names;
  std::string reason;
  bool known = name == "auto";
  for (const auto& engine : engines) {
    names.emplace_back(engine->name());
    if (name != "auto" && name != engine->name()) continue;
    known = true;
    const Support support = engine->supports(spec);
    if (support.ok) return *engine;
    reason = support.reason;
  }
  if (!known) {
    throw InvalidInput("unknown engine '" + std::string(name.substr(0, 64)) + "': this build has " + join_or(names) +
                       ", or use auto");
  }
  throw Unavailable(provider_name(spec.scheme) + " cannot run here: " + reason);
}

}  // namespace qgemm
