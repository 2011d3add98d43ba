#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/layer_table.hpp"

namespace qgemm {

/// How a series is drawn.
struct LineStyle {
  const char* colour = "";
  int point = 0;  ///< gnuplot's number of a point shape.
  const char* dash = "";
};

/// The style of the `index`-th line that is no baseline: colours that people with any colour vision tell apart.
LineStyle line_style(std::size_t index);

/// Figures that a logarithmic axis can show: between 1e-9 and 1e9.
struct PlotPoint {
  std::int64_t m = 0;
  double tflops = 0, low = 0, high = 0;  ///< The bounds are the median where they are not known.
  std::optional<double> speedup;
  bool after_gap = false;  ///< The batch size before failed: no line leads across it.
};

/// A column as a line, by ascending M.
struct PlotSeries {
  std::string label;
  LineStyle style;
  std::vector<PlotPoint> points;
};

/// The columns that have points. A column's style depends on its place among `columns`, not on what was measured.
std::vector<PlotSeries> plot_series(const LayerTable& table, const std::vector<Column>& columns);

}  // namespace qgemm
