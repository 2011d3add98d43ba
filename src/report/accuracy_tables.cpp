#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <tuple>

#include "qgemm/accuracy.hpp"
#include "report/figures.hpp"
#include "report/grid.hpp"
#include "report/markdown_text.hpp"
#include "report/printable.hpp"

namespace qgemm {
namespace {

constexpr std::size_t max_width = 120;

/// All layers of a model × TP × rank: what one pair of tables shows.
struct ModelLayers {
  std::string model;
  std::int64_t tp = 1, rank = 0;
  std::vector<const LayerAccuracy*> layers;
  bool smoothed = false;  ///< Some layer has been.
  std::vector<std::string> providers;
};

std::vector<ModelLayers> by_model(const AccuracyReport& report) {
  std::vector<ModelLayers> models;
  std::map<std::tuple<std::string, std::int64_t, std::int64_t>, std::size_t> places;
  for (const auto& layer : report.layers) {
    const auto [place, fresh] = places.emplace(std::tuple(layer.model, layer.tp, layer.rank), models.size());
    if (fresh) models.push_back({layer.model, layer.tp, layer.rank, {}, false, {}});
    ModelLayers& model = models[place->second];
    model.layers.push_back(&layer);
    for (const auto& scheme : layer.schemes) {
      model.smoothed = model.smoothed || scheme.smoothed_db;
      auto& names = model.providers;
      if (std::find(names.begin(), names.end(), scheme.provider) == names.end()) names.push_back(scheme.provider);
    }
  }
  return models;
}

std::string title_of(const ModelLayers& model) {
  std::string title = printable(model.model);
  if (model.tp != 1) title += fmt::format(", tp={} rank={}", model.tp, model.rank);
  return title;
}

/// "12 down": the decoder layer and its layer.
std::string layer_text(std::int64_t decoder_layer, const std::string& layer) {
  return fmt::format("{} {}", decoder_layer, shorten(printable(layer), 24));
}

std::string magnitude(double value) {
  if (value != 0 && (value < 0.01 || value >= 1e5)) return fmt::format("{:.2e}", value);
  return fmt::format("{:.{}f}", value, value < 10 ? 3 : value < 100 ? 2 : 1);
}

std::string ratio_text(const ValueRange& range) {
  const auto ratio = range.ratio();
  if (!ratio) return "-";
  return *ratio >= 1e5 ? fmt::format("{:.1e}", *ratio) : fmt::format("{:.1f}", *ratio);
}

std::string decibel_text(const std::optional<double>& value) { return value ? format_decibel(*value) : "-"; }

std::string alpha_text(const std::optional<double>& alpha) { return alpha ? fmt::format("{:.2g}", *alpha) : "-"; }

std::string fold_text(const LayerAccuracy& layer) {
  return layer.fold.empty() ? "-" : shorten(printable(layer.fold), 8);
}

/// What a range's row says, as cells.
std::vector<std::string> range_cells(const LayerAccuracy& layer) {
  return {layer_text(layer.decoder_layer, layer.layer),
          shorten(printable(layer.weights), 8),
          magnitude(layer.weight.absmax),
          magnitude(layer.weight.median),
          ratio_text(layer.weight),
          magnitude(layer.activation.absmax),
          magnitude(layer.activation.median),
          ratio_text(layer.activation),
          ratio_text(layer.token),
          fmt::format("{:.1f}", layer.massive_pct),
          fold_text(layer)};
}

const SchemeAccuracy* find_scheme(const LayerAccuracy& layer, const std::string& provider) {
  const auto found = std::find_if(layer.schemes.begin(), layer.schemes.end(),
                                  [&](const SchemeAccuracy& scheme) { return scheme.provider == provider; });
  return found == layer.schemes.end() ? nullptr : &*found;
}

/// A provider's cells: its SQNR, and with smoothing the best and its α.
std::vector<std::string> scheme_cells(const SchemeAccuracy* scheme, bool smoothed) {
  if (scheme == nullptr) return std::vector<std::string>(smoothed ? 3 : 1, "-");
  std::vector<std::string> cells{decibel_text(scheme->sqnr_db)};
  if (smoothed) {
    cells.push_back(decibel_text(scheme->smoothed_db));
    cells.push_back(alpha_text(scheme->alpha));
  }
  return cells;
}

std::vector<std::string> summary_cells(const ProviderAccuracy& row, bool smoothed) {
  std::vector<std::string> cells{shorten(printable(row.provider), 40), decibel_text(row.median_db),
                                 decibel_text(row.worst_db), layer_text(row.worst.decoder_layer, row.worst.layer)};
  if (!smoothed) return cells;
  cells.push_back(decibel_text(row.smoothed_median_db));
  cells.push_back(decibel_text(row.smoothed_worst_db));
  cells.push_back(row.smoothed_worst_db ? layer_text(row.smoothed_worst.decoder_layer, row.smoothed_worst.layer) : "-");
  const bool one = row.alpha_low == row.alpha_high;
  cells.push_back(one ? alpha_text(row.alpha_low) : alpha_text(row.alpha_low) + "–" + alpha_text(row.alpha_high));
  return cells;
}

std::vector<GridCell> line_of(const std::vector<std::string>& texts, Emphasis emphasis = Emphasis::none) {
  std::vector<GridCell> cells;
  for (const auto& text : texts) cells.push_back({.text = text, .emphasis = emphasis});
  if (!cells.empty()) cells.front().left = true;
  return cells;
}

std::string ranges_table(const ModelLayers& model, bool colour) {
  Grid grid({0, 2, 2, 1, 1, 2, 1, 1, 2, 1, 2});
  grid.add({{.text = ""},
            {.text = ""},
            {.text = "weights, channels", .span = 3},
            {.text = "activations, features", .span = 3},
            {.text = "tokens", .span = 2},
            {.text = ""}});
  grid.add(line_of(
      {"layer", "stored", "largest", "median", "ratio", "largest", "median", "ratio", "ratio", "massive %", "fold"},
      Emphasis::dim));
  for (const auto* layer : model.layers) grid.add(line_of(range_cells(*layer)));
  return grid.render(colour);
}

/// "int8-channel-w", "token-a-azp".
std::pair<std::string, std::string> heading_of(const std::string& provider) {
  const std::string name = shorten(printable(provider), 40);
  const std::size_t end = name.find("-w-");
  if (end == std::string::npos) return {"", name};
  return {name.substr(0, end + 2), name.substr(end + 3)};
}

Grid schemes_grid(const ModelLayers& model, std::size_t begin, std::size_t end) {
  const std::size_t cells = model.smoothed ? 3 : 1;
  std::vector<std::size_t> gaps{0};
  std::vector<GridCell> weights{{.text = ""}}, activations{{.text = ""}};
  std::vector<std::string> units{"layer"};
  for (std::size_t i = begin; i < end; ++i) {
    gaps.push_back(2);
    gaps.insert(gaps.end(), cells - 1, 1);
    const auto [above, below] = heading_of(model.providers[i]);
    weights.push_back({.text = above, .span = cells});
    activations.push_back({.text = below, .span = cells});
    units.emplace_back("dB");
    if (model.smoothed) units.insert(units.end(), {"smooth", "α"});
  }
  Grid grid(std::move(gaps));
  grid.add(std::move(weights));
  grid.add(std::move(activations));
  grid.add(line_of(units, Emphasis::dim));
  for (const auto* layer : model.layers) {
    std::vector<std::string> line{layer_text(layer->decoder_layer, layer->layer)};
    for (std::size_t i = begin; i < end; ++i) {
      const auto found = scheme_cells(find_scheme(*layer, model.providers[i]), model.smoothed);
      line.insert(line.end(), found.begin(), found.end());
    }
    grid.add(line_of(line));
  }
  return grid;
}

std::string schemes_tables(const ModelLayers& model, bool colour) {
  std::string out;
  for (std::size_t begin = 0; begin < model.providers.size();) {
    std::size_t end = begin + 1;
    while (end < model.providers.size() && schemes_grid(model, begin, end + 1).width() <= max_width) ++end;
    out += schemes_grid(model, begin, end).render(colour) + "\n";
    begin = end;
  }
  return out;
}

std::vector<ProviderAccuracy> summary_of(const std::vector<ProviderAccuracy>& all, const ModelLayers& model) {
  std::vector<ProviderAccuracy> rows;
  for (const auto& row : all) {
    if (row.model == model.model && row.tp == model.tp) rows.push_back(row);
  }
  return rows;
}

std::vector<std::string> summary_heading(bool smoothed) {
  std::vector<std::string> names{"provider", "median dB", "worst dB", "in layer"};
  if (smoothed) names.insert(names.end(), {"smooth median", "smooth worst", "in layer", "α"});
  return names;
}

std::string summary_table(const std::vector<ProviderAccuracy>& rows, bool smoothed, bool colour) {
  std::vector<std::size_t> gaps(summary_heading(smoothed).size(), 2);
  gaps.front() = 0;
  Grid grid(std::move(gaps));
  grid.add(line_of(summary_heading(smoothed), Emphasis::dim));
  for (const auto& row : rows) grid.add(line_of(summary_cells(row, smoothed)));
  return grid.render(colour);
}

std::string operands_text(const AccuracyReport& report) {
  std::string text =
      fmt::format("Weights: {}. Activations: {}.", printable(report.weights), printable(report.activations));
  if (report.layers.empty()) return text;
  const auto& first = report.layers.front();
  text +=
      fmt::format(" {} tokens × up to {} output channels a layer, seed {}.", first.tokens, first.channels, report.seed);
  text += first.calibration_tokens > 0
              ? fmt::format("\nScales given ahead and smoothing are of {} other tokens.", first.calibration_tokens)
              : "\nScales given ahead and smoothing are of the same tokens, which flatters them.";
  return text;
}

/// What is missing, a line each.
std::vector<std::string> notes_of(const AccuracyReport& report) {
  std::vector<std::string> notes;
  for (const auto& note : report.notes) notes.push_back(printable(note));
  std::map<std::string, std::int64_t> messages;
  for (const auto& layer : report.layers) {
    if (!layer.message.empty()) ++messages[printable(layer.message)];
  }
  for (const auto& [message, count] : messages) notes.push_back(fmt::format("{} layers: {}", count, message));
  const auto done = static_cast<std::int64_t>(report.layers.size());
  if (done < report.planned)
    notes.push_back(fmt::format("Only {} of {} layers: it was stopped.", done, report.planned));
  return notes;
}

constexpr const char* legend =
    "dB: signal to quantization noise of the product against float64, higher is better. smooth, α: with SmoothQuant at "
    "the best\nα tried. ratio: the largest magnitude ÷ the median of the channels' (features', tokens') largest. fold: "
    "what takes the\nsmoothing for free. docs/accuracy.md has the formulas.\n";

}  // namespace

std::string render_accuracy(const AccuracyReport& report, bool colour) {
  std::string out;
  const auto summary = summarize(report);
  const auto models = by_model(report);
  for (const auto& model : models) {
    out += emphasized(title_of(model) + ": ranges", colour ? Emphasis::bold : Emphasis::none) + "\n";
    out += ranges_table(model, colour) + "\n";
    out += emphasized(title_of(model) + ": SQNR", colour ? Emphasis::bold : Emphasis::none) + "\n";
    out += schemes_tables(model, colour);
  }
  if (models.empty()) return "No layer was finished.\n";
  for (const auto& model : models) {
    out += emphasized("Summary: " + title_of(model), colour ? Emphasis::bold : Emphasis::none) + "\n";
    out += summary_table(summary_of(summary, model), model.smoothed, colour) + "\n";
  }
  out += operands_text(report) + "\n";
  for (const auto& note : notes_of(report)) out += note + "\n";
  return out + legend;
}

std::string render_accuracy_markdown(const AccuracyReport& report) {
  const auto add_table = [](std::string& out, const std::vector<std::string>& heading,
                            const std::vector<std::vector<std::string>>& lines) {
    out += markdown_line(heading);
    std::vector<std::string> rule(heading.size(), "---:");
    rule.front() = "---";
    out += markdown_line(rule);
    for (const auto& line : lines) {
      std::vector<std::string> cells;
      for (const auto& cell : line) cells.push_back(markdown_text(cell));
      out += markdown_line(cells);
    }
    out += "\n";
  };
  std::string out;
  const auto summary = summarize(report);
  for (const auto& model : by_model(report)) {
    out += "## " + markdown_text(title_of(model)) + "\n\n";
    std::vector<std::vector<std::string>> lines;
    for (const auto& row : summary_of(summary, model)) lines.push_back(summary_cells(row, model.smoothed));
    add_table(out, summary_heading(model.smoothed), lines);
    lines.clear();
    for (const auto* layer : model.layers) lines.push_back(range_cells(*layer));
    add_table(out,
              {"layer", "stored", "weights: largest", "median channel", "ratio", "activations: largest",
               "median feature", "ratio", "tokens' ratio", "massive %", "fold"},
              lines);
    lines.clear();
    std::vector<std::string> heading{"SQNR, dB"};
    for (const auto& provider : model.providers) {
      heading.push_back(markdown_text(provider));
      if (model.smoothed) heading.insert(heading.end(), {"smooth", "α"});
    }
    for (const auto* layer : model.layers) {
      auto& line = lines.emplace_back();
      line.push_back(layer_text(layer->decoder_layer, layer->layer));
      for (const auto& provider : model.providers) {
        const auto cells = scheme_cells(find_scheme(*layer, provider), model.smoothed);
        line.insert(line.end(), cells.begin(), cells.end());
      }
    }
    add_table(out, heading, lines);
  }
  if (out.empty()) return "No layer was finished.\n";
  out += markdown_text(operands_text(report)) + "\n";
  for (const auto& note : notes_of(report)) out += "\n" + markdown_text(note) + "\n";
  return out;
}

}  // namespace qgemm
