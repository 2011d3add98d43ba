#include "core/properties.hpp"

#include <algorithm>

namespace qgemm {

const Value* find_property(const Properties& properties, std::string_view name) {
  const auto found = std::find_if(properties.begin(), properties.end(), [&](const auto& p) { return p.first == name; });
  return found == properties.end() ? nullptr : &found->second;
}

}  // namespace qgemm
