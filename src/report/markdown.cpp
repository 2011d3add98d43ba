#include <fmt/format.h>

#include <cstdint>

#include "qgemm/report.hpp"
#include "report/conditions.hpp"
#include "report/figures.hpp"
#include "report/layer_table.hpp"
#include "report/markdown_text.hpp"
#include "report/notes.hpp"
#include "report/summary_lines.hpp"

namespace qgemm {
namespace {

/// The line under the heading: the first column `first`, figures aligned right.
std::string rule(std::size_t columns, const char* first) {
  std::vector<std::string> cells(columns, "---:");
  cells[0] = first;
  return markdown_line(cells);
}

std::string cell_of(const Result* row, const Column& column) {
  if (row == nullptr) return "";
  if (row->outcome == Outcome::incorrect) return "**INCORRECT**";
  if (!trusted(*row)) return "*" + outcome_word(row->outcome) + "*";
  std::string ratios;
  if (row->speedup && column.provider != "bf16") ratios = format_ratio(*row->speedup);
  if (row->speedup_f32 && column.provider != "f32") {
    if (!ratios.empty()) ratios += ", ";
    ratios += format_ratio(*row->speedup_f32) + " f32";
  }
  std::string out = row->outcome == Outcome::noisy ? "\\~" : "";
  out += format_tflops(*row->tflops);
  return ratios.empty() ? out : out + " (" + ratios + ")";
}

std::string layer_section(const LayerTable& table) {
  std::string out = fmt::format("### {}\n\nLayer {}.\n\n", markdown_text(table.title()), markdown_text(table.layer));
  std::vector<std::string> heading{"M"};
  for (const auto& column : table.columns) heading.push_back(markdown_text(column.label()));
  out += markdown_line(heading) + rule(heading.size(), "---:");
  for (const std::int64_t m : table.shown_sizes()) {
    std::vector<std::string> cells{fmt::format("{}", m)};
    for (const auto& column : table.columns) cells.push_back(cell_of(table.find(m, column), column));
    out += markdown_line(cells);
  }
  if (const auto hidden = table.hidden_text(); !hidden.empty()) out += "\n" + markdown_text(hidden) + "\n";
  return out + "\n";
}

std::string summary_section(const ResultSet& results) {
  std::string out = "### Summary\n\n";
  out += markdown_line({"provider", "rows", "× bf16", "× f32", "of limit", "SQNR dB", "beats bf16", "beats f32"});
  out += rule(8, "---");
  for (const auto& line : summary_lines(results)) {
    out += markdown_line({markdown_text(line.column.label()), fmt::format("{}", line.measured), line.speedup,
                          line.speedup_f32, line.limit_share, line.sqnr_db, line.beats_bf16, line.beats_f32});
  }
  out +=
      "\nSpeedups and share of the physical limit: geometric means; SQNR: median. " + count_outcomes(results) + ".\n";
  for (const auto& line : conditions_of(results)) out += "\n" + markdown_text(line) + "\n";
  return out;
}

}  // namespace

std::string render_markdown(const ResultSet& results) {
  std::string out = fmt::format("## GEMM benchmark: {}\n\n", markdown_text(describe_run(results.context)));
  out += "TFLOP/s: 2·M·N·K / median time of a call; in brackets times as fast as bf16, and as f32; \\~ noisy.\n\n";
  for (const auto& table : layer_tables(results)) out += layer_section(table);
  const auto notes = notes_of(results.rows);
  for (const auto& note : notes) {
    out +=
        fmt::format("- {}: {}: {}\n", note.outcome == Outcome::incorrect ? "**INCORRECT**" : outcome_word(note.outcome),
                    markdown_text(note.who), markdown_text(note.message));
  }
  return out + (notes.empty() ? "" : "\n") + summary_section(results);
}

}  // namespace qgemm
