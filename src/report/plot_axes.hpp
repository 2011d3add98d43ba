#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace qgemm {

/// An axis: its range, and its ticks as gnuplot takes them: '16' 16, '64' 64, '' 65.
struct PlotAxis {
  double low = 1, high = 10;
  std::string ticks;
  std::string bare_ticks;  ///< The same without labels, for a panel above another.
};

/// A logarithmic axis of batch sizes, each with a tick; where they lie too close to read, not each with a label. More
/// than 40 sizes have ticks at powers of two. `sizes` ascending.
PlotAxis batch_axis(const std::vector<std::int64_t>& sizes);

/// A logarithmic axis that holds all `values` (between 1e-9 and 1e9), with round ticks (1, 2, 5; more where it spans
/// less than a decade).
PlotAxis value_axis(const std::vector<double>& values);

/// A linear axis from 0 past the largest of `values` (positive), gnuplot's own ticks.
PlotAxis ratio_axis(const std::vector<double>& values);

}  // namespace qgemm
