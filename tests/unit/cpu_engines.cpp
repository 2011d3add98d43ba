#include "engines/avx512/avx512_engine.hpp"
#include "engines/engine_list.hpp"
#include "engines_under_test.hpp"

namespace qgemm::testing {

std::vector<std::unique_ptr<HostEngine>> engines_under_test() {
  auto engines = make_engines();
  // The kernels that this CPU would not choose, as far as it can run them, are engines of their own here.
  for (const auto kernel : avx512::kernel_names()) engines.push_back(avx512::make_engine(kernel));
  return engines;
}

std::vector<std::string> names_under_test() {
  std::vector<std::string> names;
  for (const auto& engine : engines_under_test()) names.emplace_back(engine->name());
  return names;
}

}  // namespace qgemm::testing
