#include "report/plot_axes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace qgemm {
namespace {

/// The share of the axis a label of a batch size takes.
constexpr double label_share = 1.0 / 24;

/// More ticks, each with a line of the grid, would be a grey wall.
constexpr std::size_t most_ticks = 40;

/// Of a scan: powers of two, and the ends where they lie apart from those.
PlotAxis round_ticks(PlotAxis axis, const std::vector<std::int64_t>& sizes) {
  const auto add = [&](std::int64_t m) {
    const char* separator = axis.ticks.empty() ? "" : ", ";
    axis.ticks += fmt::format("{}'{}' {}", separator, m, m);
    axis.bare_ticks += fmt::format("{}'' {}", separator, m);
  };
  const auto apart = [&](std::int64_t a, std::int64_t b) {
    return std::log2(static_cast<double>(b) / static_cast<double>(a)) >= label_share * std::log2(axis.high / axis.low);
  };
  add(sizes.front());
  for (std::int64_t m = 1; m < sizes.back(); m *= 2) {
    if (m > sizes.front() && apart(sizes.front(), m) && apart(m, sizes.back())) add(m);
  }
  add(sizes.back());
  return axis;
}

}  // namespace

PlotAxis batch_axis(const std::vector<std::int64_t>& sizes) {
  PlotAxis axis;
  if (sizes.empty()) return axis;
  const double first = std::log2(static_cast<double>(sizes.front())),
               last = std::log2(static_cast<double>(sizes.back()));
  // A single size stands in the middle of an axis of its own.
  const double margin = std::max(0.03 * (last - first), 0.25);
  axis.low = std::exp2(first - margin);
  axis.high = std::exp2(last + margin);
  if (sizes.size() > most_ticks) return round_ticks(axis, sizes);
  double labelled = -1e9;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const double place = std::log2(static_cast<double>(sizes[i]));
    const double room = label_share * (last - first + 2 * margin);
    // The last size always has its label: it is the one that readers look for.
    const bool near_last = i + 1 < sizes.size() && last - place < room;
    const bool label = place - labelled >= room && !near_last;
    if (label || i + 1 == sizes.size()) labelled = place;
    const char* separator = i == 0 ? "" : ", ";
    axis.ticks += fmt::format("{}'{}' {}", separator, labelled == place ? fmt::format("{}", sizes[i]) : "", sizes[i]);
    axis.bare_ticks += fmt::format("{}'' {}", separator, sizes[i]);
  }
  return axis;
}

PlotAxis value_axis(const std::vector<double>& values) {
  PlotAxis axis;
  if (values.empty()) return axis;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  // A tenth of the span as margin, and at least a factor of 1.2, so that a flat line is not drawn as a jagged one.
  const double margin = std::max(std::pow(*high / *low, 0.05), 1.2);
  axis.low = *low / margin;
  axis.high = *high * margin;
  const double decades = std::log10(axis.high / axis.low);
  const std::vector<double> fine{1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9}, coarse{1, 2, 5}, tens{1};
  const auto& steps = decades < 1 ? fine : decades < 6 ? coarse : tens;
  for (double decade = std::floor(std::log10(axis.low)); decade <= std::log10(axis.high); ++decade) {
    for (const double step : steps) {
      const double tick = step * std::pow(10.0, decade);
      if (tick < axis.low || tick > axis.high) continue;
      axis.ticks += fmt::format("{}'{:.6g}' {:.6g}", axis.ticks.empty() ? "" : ", ", tick, tick);
    }
  }
  return axis;
}

PlotAxis ratio_axis(const std::vector<double>& values) {
  // Always with the 1 in sight, where neither is faster.
  const double highest = values.empty() ? 1 : *std::max_element(values.begin(), values.end());
  return {.low = 0, .high = 1.1 * std::max(highest, 1.2), .ticks = {}, .bare_ticks = {}};
}

}  // namespace qgemm
