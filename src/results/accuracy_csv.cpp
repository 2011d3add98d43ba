#include <fmt/format.h>

#include <array>
#include <utility>

#include "qgemm/accuracy.hpp"
#include "results/csv_cell.hpp"

namespace qgemm {
namespace {

using Cells = std::vector<std::pair<const char*, std::string>>;

std::string figure(const std::optional<double>& value) { return value ? fmt::format("{}", *value) : ""; }

void add_range(Cells& cells, const std::array<const char*, 3>& names, const ValueRange& range) {
  cells.emplace_back(names[0], figure(range.absmax));
  cells.emplace_back(names[1], figure(range.median));
  cells.emplace_back(names[2], figure(range.ratio()));
}

Cells cells_of(const LayerAccuracy& layer, const SchemeAccuracy& scheme) {
  Cells cells{{"model", csv_cell(layer.model)},
              {"decoder_layer", fmt::format("{}", layer.decoder_layer)},
              {"layer", csv_cell(layer.layer)},
              {"tp", fmt::format("{}", layer.tp)},
              {"rank", fmt::format("{}", layer.rank)},
              {"tokens", fmt::format("{}", layer.tokens)},
              {"calibration_tokens", fmt::format("{}", layer.calibration_tokens)},
              {"n", fmt::format("{}", layer.n)},
              {"k", fmt::format("{}", layer.k)},
              {"channels", fmt::format("{}", layer.channels)},
              {"stored", csv_cell(layer.weights)}};
  add_range(cells, {"weights_absmax", "weights_median", "weights_ratio"}, layer.weight);
  add_range(cells, {"activations_absmax", "activations_median", "activations_ratio"}, layer.activation);
  add_range(cells, {"tokens_absmax", "tokens_median", "tokens_ratio"}, layer.token);
  cells.emplace_back("massive_tokens_pct", figure(layer.massive_pct));
  cells.emplace_back("foldable", layer.fold.empty() ? "false" : "true");
  cells.emplace_back("fold", csv_cell(layer.fold));
  cells.emplace_back("provider", csv_cell(scheme.provider));
  cells.emplace_back("sqnr_db", figure(scheme.sqnr_db));
  cells.emplace_back("alpha", figure(scheme.alpha));
  cells.emplace_back("smoothed_db", figure(scheme.smoothed_db));
  cells.emplace_back("message", csv_cell(layer.message));
  return cells;
}

}  // namespace

std::string to_csv(const AccuracyReport& report) {
  std::string text;
  const auto add_line = [&](const Cells& cells, bool heading) {
    for (const auto& [name, value] : cells) text += (heading ? std::string(name) : value) + ",";
    text.back() = '\n';
  };
  add_line(cells_of({}, {}), true);
  for (const auto& layer : report.layers) {
    for (const auto& scheme : layer.schemes) add_line(cells_of(layer, scheme), false);
  }
  return text;
}

}  // namespace qgemm
