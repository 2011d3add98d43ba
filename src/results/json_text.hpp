#pragma once
#include <string>
#include <string_view>

#include "results/json_value.hpp"

namespace qgemm {

/// JSON as text, on one line unless `indent` ≥ 0. Bytes that are no UTF-8 become U+FFFD: a name must not cost the file.
std::string dump_json(const Json& json, int indent = -1);

/// Parses text that nobody vouches for. Throws `InvalidInput` naming `source`, the line and the column, for text that
/// is cut off, is no JSON, or nests deeper than any result does.
Json parse_json(std::string_view text, const std::string& source);

}  // namespace qgemm
