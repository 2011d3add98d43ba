#include "report/plot_series.hpp"

#include <array>
#include <cstdint>
#include <optional>

#include "report/printable.hpp"

namespace qgemm {
namespace {

/// The colours of Okabe and Ito, which people with any colour vision tell apart. Colours, shapes and dashes repeat
/// after different counts, so that no two of the providers look the same; pairs (a provider and its `-noquant`) have
/// one shape, filled and open.
constexpr std::array<const char*, 6> colours{"#0072B2", "#56B4E9", "#D55E00", "#E69F00", "#009E73", "#CC79A7"};
constexpr std::array<int, 10> shapes{7, 6, 9, 8, 5, 4, 11, 10, 15, 14};
constexpr std::array<const char*, 3> dashes{"solid", "(7,4)", "(2,4)"};

LineStyle baseline_style(const std::string& provider, std::size_t index) {
  constexpr std::array<const char*, 4> greys{"#000000", "#7F7F7F", "#444444", "#AAAAAA"};
  return {greys.at(index % greys.size()), provider == "bf16" ? 13 : 12, provider == "bf16" ? "solid" : "(9,5)"};
}

/// In a range that no measurement leaves, and that an axis can show.
bool drawable(const std::optional<double>& value) { return value && *value > 1e-9 && *value < 1e9; }

PlotPoint point_of(const Result& row, bool after_gap) {
  PlotPoint point{.m = row.shape.m,
                  .tflops = *row.tflops,
                  .low = *row.tflops,
                  .high = *row.tflops,
                  .speedup = {},
                  .after_gap = after_gap};
  if (drawable(row.tflops_low)) point.low = *row.tflops_low;
  if (drawable(row.tflops_high)) point.high = *row.tflops_high;
  if (drawable(row.speedup)) point.speedup = row.speedup;
  return point;
}

}  // namespace

LineStyle line_style(std::size_t index) {
  return {colours.at(index % colours.size()), shapes.at(index % shapes.size()),
          dashes.at(index / colours.size() % dashes.size())};
}

std::vector<PlotSeries> plot_series(const LayerTable& table, const std::vector<Column>& columns) {
  std::vector<PlotSeries> all;
  std::size_t baselines = 0, providers = 0;
  for (const auto& column : columns) {
    const bool baseline = family_of(column.provider) == Family::baseline;
    PlotSeries series;
    // The cache state is in the title.
    series.label = shorten(Column{column.provider, column.engine, {}}.label(), 48);
    series.style = baseline ? baseline_style(column.provider, baselines++) : line_style(providers++);
    bool gap = false;
    for (const std::int64_t m : table.batch_sizes) {
      const Result* row = table.find(m, column);
      if (row == nullptr) continue;  // not asked for: a line may lead past it
      const bool shown = trusted(*row) && drawable(row->tflops);
      if (shown) series.points.push_back(point_of(*row, gap));
      gap = !shown;
    }
    if (!series.points.empty()) all.push_back(std::move(series));
  }
  return all;
}

}  // namespace qgemm
