#pragma once
#include <span>
#include <string_view>

#include "results/json_value.hpp"

namespace qgemm {

/// One field of a row: its name in every file, and how it moves between `Result` and JSON.
struct Field {
  std::string_view name;
  bool required = false;  ///< A row without it describes no case and is rejected.
  bool raw = false;       ///< A list of raw samples: in the JSON, not in the CSV.
  Json (*get)(const Result&) = nullptr;
  void (*set)(Result&, const Json&) = nullptr;  ///< Throws `InvalidInput` ("must be …").
};

/// The schema of a row, in the order of every file: JSON, CSV and journal are all written and read from this one table.
std::span<const Field> row_fields();

}  // namespace qgemm
