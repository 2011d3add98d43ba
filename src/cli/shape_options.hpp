#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/whole_number.hpp"
#include "qgemm/shape.hpp"

namespace qgemm::cli {

/// The flags that say which shapes: alike in every command that has them. `options` are its `SweepOptions` or
/// `TuneOptions`; bare shapes stay as typed in `shapes`, for `parse_shapes`.
template <class Options>
void add_shape_options(CLI::App& command, Options& options, std::vector<std::string>& shapes, const char* batch_sizes) {
  const auto list = [&](const char* flag, auto& values, const char* help) {
    return command.add_option(flag, values, help)->capture_default_str();
  };
  list("--models", options.models,
       "Models of the catalogue (a unique part of a name is enough), all, or a config.json");
  list("--tp-sizes", options.tp_sizes, "Tensor-parallel sizes")->check(whole_number());
  list("--layers", options.layers, "Only these layers (qkv, o, gate_up, down, … or a * pattern)");
  list("--batch-sizes", options.batch_sizes, batch_sizes)->check(whole_number());
  list("--shapes", shapes, "Bare shapes MxNxK in place of models");
}

/// Throws `InvalidInput` for what is no MxNxK.
inline std::vector<Shape> parse_shapes(const std::vector<std::string>& texts) {
  std::vector<Shape> shapes;
  for (const auto& text : texts) shapes.push_back(parse_shape(text));
  return shapes;
}

}  // namespace qgemm::cli
