#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "history/trend_names.hpp"
#include "qgemm/history.hpp"
#include "qgemm/results.hpp"
#include "report/figures.hpp"
#include "report/grid.hpp"
#include "report/layer_table.hpp"
#include "report/notes.hpp"
#include "report/printable.hpp"
#include "results/csv_cell.hpp"

namespace qgemm {
namespace {

GridCell heading(const char* text, bool left = false) {
  return {.text = text, .emphasis = Emphasis::dim, .left = left};
}

/// The change of time against the measured run before, "~" where the noise of both medians is as large.
std::string change_text(const Result& before, const Result& after) {
  const double change = 100 * (*after.median_us / *before.median_us - 1);
  if (!std::isfinite(change)) return "-";
  const double noise = std::hypot(before.noise_pct.value_or(0), after.noise_pct.value_or(0));
  return fmt::format("{}{:+.1f} %", std::abs(change) <= noise ? "~" : "", change);
}

void add_line(Grid& grid, const TrendPoint& point, const Result* before) {
  const Result& row = point.row;
  const bool shown = trusted(row);
  const auto figure = [&](const std::optional<double>& value) {
    return shown && value ? format_tflops(*value) : std::string("-");
  };
  grid.add({{.text = fmt::format("{}", point.run)},
            {.text = shorten(printable(point.date), 26), .left = true},
            {.text = figure(row.tflops)},
            {.text = figure(row.median_us)},
            {.text = shown && row.noise_pct ? fmt::format("{:.1f}", *row.noise_pct) : "-"},
            {.text = shown && before != nullptr ? change_text(*before, row) : "-"},
            {.text = shorten(printable(row.kernel), 40), .left = true},
            {.text = fmt::format("{} ({})", shorten(printable(point.qgemm_version), 16),
                                 shorten(printable(point.git_revision), 20)),
             .left = true},
            {.text = shown ? "" : outcome_word(row.outcome), .emphasis = Emphasis::red, .left = true}});
}

std::string one_trend(const Trend& trend, const std::string& title, bool colour) {
  Grid grid({0, 2, 2, 2, 2, 2, 2, 2, 2});
  grid.add({heading("run"), heading("date", true), heading("TFLOP/s"), heading("µs"), heading("± %"), heading("change"),
            heading("kernel", true), heading("qgemm", true), heading("")});
  const Result* before = nullptr;
  for (const auto& point : trend.points) {
    add_line(grid, point, before);
    if (trusted(point.row)) before = &point.row;
  }
  return emphasized(title, colour ? Emphasis::bold : Emphasis::none) + "\n" + grid.render(colour) + "\n";
}

}  // namespace

std::string render_trends(const std::vector<Trend>& trends, bool colour) {
  if (trends.empty()) return "No run in the history has such a row.\n";
  std::string out;
  for (const auto& trend : trends) out += one_trend(trend, TrendNames({trend}).shared(), colour);
  return out +
         "change: of the time, against the measured run before; ~: no more than the noise of both medians. Whether it "
         "is\n"
         "chance, `qgemm compare` says of two runs of `qgemm history export`.\n";
}

std::string trends_to_csv(const std::vector<Trend>& trends) {
  std::string out = "run,device,settings,date,qgemm_version,git_revision," + to_csv({});
  for (const auto& trend : trends) {
    for (const auto& point : trend.points) {
      out += fmt::format("{},", point.run);
      for (const auto* text :
           {&trend.device, &trend.settings, &point.date, &point.qgemm_version, &point.git_revision}) {
        out += csv_cell(*text) + ",";
      }
      ResultSet one;
      one.rows.push_back(point.row);
      const std::string lines = to_csv(one);
      out += lines.substr(lines.find('\n') + 1);
    }
  }
  return out;
}

}  // namespace qgemm
