#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "qgemm/report.hpp"
#include "report/conditions.hpp"
#include "report/grid.hpp"
#include "report/summary_lines.hpp"

namespace qgemm {
namespace {

/// A column of the summary, left out where no provider has it.
struct Shown {
  const char* heading;
  std::string SummaryLine::*cell;
};

constexpr std::array<Shown, 6> columns{{{"/bf16", &SummaryLine::speedup},
                                        {"/f32", &SummaryLine::speedup_f32},
                                        {"of limit", &SummaryLine::limit_share},
                                        {"SQNR dB", &SummaryLine::sqnr_db},
                                        {"beats bf16", &SummaryLine::beats_bf16},
                                        {"beats f32", &SummaryLine::beats_f32}}};

}  // namespace

std::string render_summary(const ResultSet& results, bool colour) {
  const auto lines = summary_lines(results);
  std::vector<Shown> shown;
  std::copy_if(columns.begin(), columns.end(), std::back_inserter(shown), [&](const Shown& column) {
    return std::any_of(lines.begin(), lines.end(), [&](const auto& line) { return !(line.*column.cell).empty(); });
  });

  std::vector<std::size_t> gaps(2 + shown.size(), 3);
  gaps[0] = 0;
  Grid grid(std::move(gaps));
  std::vector<GridCell> heading{{.text = "provider", .emphasis = Emphasis::dim, .left = true},
                                {.text = "rows", .emphasis = Emphasis::dim}};
  for (const auto& column : shown) heading.push_back({.text = column.heading, .emphasis = Emphasis::dim});
  grid.add(std::move(heading));
  for (const auto& line : lines) {
    std::vector<GridCell> cells{{.text = line.column.label(), .left = true},
                                {.text = fmt::format("{}", line.measured)}};
    for (const auto& column : shown) cells.push_back({.text = (line.*column.cell).empty() ? "-" : line.*column.cell});
    grid.add(std::move(cells));
  }

  std::string out = emphasized("Summary: " + describe_run(results.context), colour ? Emphasis::bold : Emphasis::none);
  out += "\n";
  if (!lines.empty()) {
    out += grid.render(colour);
    out += "Speedups and share of the physical limit: geometric means over the measured rows. SQNR: median.\n";
    out += "beats: faster at every layer at that M and every larger one measured.\n";
  }
  for (const auto& line : conditions_of(results)) out += line + "\n";
  const bool wrong = std::any_of(results.rows.begin(), results.rows.end(), [](const Result& row) {
    return row.outcome == Outcome::incorrect || row.outcome == Outcome::failed;
  });
  return out + emphasized(count_outcomes(results), colour && wrong ? Emphasis::bold_red : Emphasis::none) + "\n";
}

}  // namespace qgemm
