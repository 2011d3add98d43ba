#include "engines/engine_list.hpp"
#include "engines_under_test.hpp"

namespace qgemm::testing {

std::vector<std::unique_ptr<HostEngine>> engines_under_test() { return make_engines(); }

std::vector<std::string> names_under_test() {
  std::vector<std::string> names;
  for (const auto& engine : make_engines()) names.emplace_back(engine->name());
  return names;
}

}  // namespace qgemm::testing
