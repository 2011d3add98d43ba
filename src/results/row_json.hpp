#pragma once
#include <string>

#include "results/json_value.hpp"

namespace qgemm {

/// All fields of a row, in schema order.
Json write_row(const Result& row);

/// The inverse. `place` names the row in messages ("results.json: rows[3]"). Unknown fields are ignored. Throws
/// `InvalidInput` naming the place and the field.
Result read_row(const Json& json, const std::string& place);

/// Throws `InvalidInput` unless `json` is an object with a schema this program reads and a `context`.
void check_schema(const Json& json, const std::string& source);

/// The context of a checked object; messages start with `source`.
Context read_context_of(const Json& json, const std::string& source);

}  // namespace qgemm
