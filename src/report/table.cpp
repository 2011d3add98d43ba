#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "qgemm/report.hpp"
#include "report/figures.hpp"
#include "report/grid.hpp"
#include "report/layer_table.hpp"
#include "report/notes.hpp"
#include "report/printable.hpp"

namespace qgemm {
namespace {

/// Wider tables go on below: a terminal that folds lines makes a table unreadable.
constexpr std::size_t max_width = 120;

/// The ratios a column shows beside its TFLOP/s: none to itself, none that no row has.
struct Ratios {
  bool bf16 = false, f32 = false;
  std::size_t cells() const { return 1U + (bf16 ? 1U : 0U) + (f32 ? 1U : 0U); }
};

Ratios ratios_of(const LayerTable& table, const Column& column) {
  Ratios ratios;
  for (const auto* row : table.rows) {
    if (!column.holds(*row) || !trusted(*row)) continue;
    ratios.bf16 = ratios.bf16 || (row->speedup && column.provider != "bf16");
    ratios.f32 = ratios.f32 || (row->speedup_f32 && column.provider != "f32");
  }
  return ratios;
}

/// A provider's name in lines of a few characters: "int8-channel-w", "token-a", "noquant"; then engine and cache.
std::vector<std::string> heading_of(const Column& column) {
  std::vector<std::string> lines;
  const std::string provider = printable(column.provider);
  if (display_width(provider) <= 12) {
    lines.push_back(provider);
  } else {
    for (std::size_t begin = 0; begin <= provider.size();) {
      const std::size_t end = std::min(provider.find('-', begin), provider.size());
      const std::string word = provider.substr(begin, end - begin);
      // "-w" and "-a" say whose scale the word before them is; the first two words make one line.
      if (!lines.empty() && (word.size() == 1 || (lines.size() == 1 && display_width(lines[0]) < 5))) {
        lines.back() += "-" + shorten(word, 12);
      } else {
        lines.push_back(shorten(word, 16));
      }
      begin = end + 1;
    }
  }
  if (!column.engine.empty()) lines.push_back(shorten(printable(column.engine), 16));
  if (!column.cache.empty()) lines.push_back(column.cache);
  return lines;
}

Emphasis emphasis_of(const Result& row, bool fastest) {
  if (row.outcome == Outcome::incorrect) return Emphasis::bold_red;
  if (row.outcome == Outcome::failed) return Emphasis::red;
  if (fastest) return Emphasis::bold;
  return family_of(row.provider) == Family::baseline || !trusted(row) ? Emphasis::dim : Emphasis::none;
}

std::optional<double> best_tflops(const LayerTable& table, std::int64_t m) {
  std::optional<double> best;
  for (const auto* row : table.rows) {
    if (row->shape.m == m && trusted(*row) && *row->tflops > best.value_or(0)) best = row->tflops;
  }
  return best;
}

void add_cells(std::vector<GridCell>& line, const Result* row, const Ratios& ratios, std::optional<double> best) {
  if (row == nullptr) {
    line.push_back({.text = "-", .span = ratios.cells(), .emphasis = Emphasis::dim});
    return;
  }
  const Emphasis emphasis = emphasis_of(*row, trusted(*row) && row->tflops == best);
  if (!trusted(*row)) {
    line.push_back({.text = outcome_word(row->outcome), .span = ratios.cells(), .emphasis = emphasis});
    return;
  }
  const auto ratio = [](const std::optional<double>& value) { return value ? format_ratio(*value) : std::string("-"); };
  line.push_back(
      {.text = (row->outcome == Outcome::noisy ? "~" : "") + format_tflops(*row->tflops), .emphasis = emphasis});
  if (ratios.bf16) line.push_back({.text = ratio(row->speedup), .emphasis = emphasis});
  if (ratios.f32) line.push_back({.text = ratio(row->speedup_f32), .emphasis = emphasis});
}

/// The columns [begin, end) of a table.
Grid grid_of(const LayerTable& table, std::size_t begin, std::size_t end) {
  std::vector<std::size_t> gaps{0};
  std::vector<Ratios> ratios;
  std::vector<std::vector<std::string>> headings;
  std::size_t height = 0;
  for (std::size_t c = begin; c < end; ++c) {
    ratios.push_back(ratios_of(table, table.columns[c]));
    headings.push_back(heading_of(table.columns[c]));
    height = std::max(height, headings.back().size());
    gaps.push_back(2);
    gaps.insert(gaps.end(), ratios.back().cells() - 1, 1);
  }
  Grid grid(std::move(gaps));
  for (std::size_t i = 0; i < height; ++i) {
    std::vector<GridCell> line{{.text = ""}};
    for (std::size_t c = 0; c < headings.size(); ++c) {
      const std::size_t blank = height - headings[c].size();
      line.push_back({.text = i < blank ? "" : headings[c][i - blank], .span = ratios[c].cells()});
    }
    grid.add(std::move(line));
  }
  std::vector<GridCell> units{{.text = "M"}};
  for (const auto& shown : ratios) {
    units.push_back({.text = "TFLOP/s", .emphasis = Emphasis::dim});
    if (shown.bf16) units.push_back({.text = "/bf16", .emphasis = Emphasis::dim});
    if (shown.f32) units.push_back({.text = "/f32", .emphasis = Emphasis::dim});
  }
  grid.add(std::move(units));
  for (const std::int64_t m : table.shown_sizes()) {
    std::vector<GridCell> line{{.text = fmt::format("{}", m)}};
    const auto best = best_tflops(table, m);
    for (std::size_t c = begin; c < end; ++c) add_cells(line, table.find(m, table.columns[c]), ratios[c - begin], best);
    grid.add(std::move(line));
  }
  return grid;
}

std::string render_layer(const LayerTable& table, bool colour) {
  std::string out = emphasized(table.title(), colour ? Emphasis::bold : Emphasis::none) + "\n";
  out += fmt::format("layer {}, {} cache\n", printable(table.layer), [&] {
    return table.columns.front().cache.empty() ? std::string(name(table.rows.front()->cache)) : "hot and cold";
  }());
  for (std::size_t begin = 0; begin < table.columns.size();) {
    std::size_t end = begin + 1;
    while (end < table.columns.size() && table.columns[end].cache == table.columns[begin].cache &&
           grid_of(table, begin, end + 1).width() <= max_width)
      ++end;
    out += grid_of(table, begin, end).render(colour) + "\n";
    begin = end;
  }
  if (const auto hidden = table.hidden_text(); !hidden.empty()) out += hidden + "\n\n";
  return out;
}

std::string render_legend(const ResultSet& results) {
  bool f32 = false, noisy = false;
  for (const auto& row : results.rows) {
    f32 = f32 || (trusted(row) && row.speedup_f32);
    noisy = noisy || row.outcome == Outcome::noisy;
  }
  std::string out = "TFLOP/s: 2·M·N·K / median time of a call. ";
  out += f32 ? "/bf16, /f32: times as fast as those at the same M." : "/bf16: times as fast as bf16 at the same M.";
  if (noisy) out += " ~: noisy.";
  out += "\n";
  const char* indent = "Engines: ";
  for (const auto& engine : engines_of(results.rows)) {
    out += indent + engine + "\n";
    indent = "         ";
  }
  return out;
}

std::string render_notes(const ResultSet& results, bool colour) {
  std::string out;
  for (const auto& note : notes_of(results.rows)) {
    const Emphasis emphasis = note.outcome == Outcome::incorrect ? Emphasis::bold_red
                              : note.outcome == Outcome::failed  ? Emphasis::red
                                                                 : Emphasis::none;
    out += fmt::format("{}: {}: {}\n", emphasized(outcome_word(note.outcome), colour ? emphasis : Emphasis::none),
                       note.who, note.message);
  }
  return out;
}

}  // namespace

std::string render_table(const ResultSet& results, bool colour) {
  std::string out;
  for (const auto& table : layer_tables(results)) out += render_layer(table, colour);
  if (out.empty()) return "No rows were measured.\n";
  return out + render_legend(results) + render_notes(results, colour);
}

}  // namespace qgemm
