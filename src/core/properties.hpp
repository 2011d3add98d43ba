#pragma once
#include <string_view>

#include "qgemm/result.hpp"

namespace qgemm {

/// The property of that name; null where there is none.
const Value* find_property(const Properties& properties, std::string_view name);

}  // namespace qgemm
