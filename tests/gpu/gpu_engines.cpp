#include "engine/cuda/hosted_engine.hpp"
#include "engines/cuda_engine_list.hpp"
#include "engines_under_test.hpp"

namespace qgemm::testing {

std::vector<std::unique_ptr<HostEngine>> engines_under_test() {
  std::vector<std::unique_ptr<HostEngine>> hosted;
  const auto devices = cuda::find_devices();
  if (devices.list.empty()) return hosted;
  for (auto& engine : cuda::make_engines(devices.list.front())) {
    hosted.push_back(cuda::make_hosted(std::move(engine), devices.list.front()));
  }
  return hosted;
}

std::vector<std::string> names_under_test() {
  std::vector<std::string> names;
  for (const auto& engine : cuda::make_engines({})) names.emplace_back(engine->name());
  return names;
}

}  // namespace qgemm::testing
