#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "history/trend_names.hpp"
#include "qgemm/error.hpp"
#include "qgemm/history.hpp"
#include "report/gnuplot.hpp"
#include "report/layer_table.hpp"
#include "report/plot_axes.hpp"
#include "report/plot_script.hpp"
#include "report/plot_series.hpp"
#include "report/printable.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

/// More lines than that nobody follows.
constexpr std::size_t most_trends = 16;

/// In a range that an axis can show.
bool drawable(const Result& row) { return trusted(row) && row.tflops && *row.tflops > 1e-9 && *row.tflops < 1e9; }

double bound(const std::optional<double>& value, double otherwise) {
  return value && *value > 1e-9 && *value < 1e9 ? *value : otherwise;
}

/// Time, TFLOP/s and its bounds, a line a run; a run without a figure breaks the line.
std::string data_block(const Trend& trend, std::size_t index) {
  std::string out = fmt::format("$trend{} << EndOfData\n", index);
  for (const auto& point : trend.points) {
    if (!drawable(point.row)) {
      out += '\n';
      continue;
    }
    const double tflops = *point.row.tflops;
    out += fmt::format("{} {:.9g} {:.9g} {:.9g}\n", point.time, tflops, bound(point.row.tflops_low, tflops),
                       bound(point.row.tflops_high, tflops));
  }
  return out + "EndOfData\n";
}

struct Extent {
  std::int64_t first = INT64_MAX, last = INT64_MIN;
  std::vector<double> values;
};

Extent extent_of(const std::vector<Trend>& trends) {
  Extent extent;
  for (const auto& trend : trends) {
    for (const auto& point : trend.points) {
      if (!drawable(point.row)) continue;
      extent.first = std::min(extent.first, point.time);
      extent.last = std::max(extent.last, point.time);
      const double tflops = *point.row.tflops;
      for (const double value : {tflops, bound(point.row.tflops_low, tflops), bound(point.row.tflops_high, tflops)}) {
        extent.values.push_back(value);
      }
    }
  }
  return extent;
}

/// Of two titles, the line that all trends share and what is drawn.
std::string titles(const std::string& shared) {
  return fmt::format(
      "set label 1 {} at screen 0.02, 0.965 left noenhanced font ',{}'\n"
      "set label 2 'TFLOP/s over time (UTC); line: median, band: 20–80 % of the samples' at screen 0.02, 0.925 left "
      "noenhanced font ',12' textcolor rgb '#555555'\n",
      gnuplot_string(shorten(shared, 165)), display_width(shared) <= 110 ? 14 : 11);
}

std::string time_axis(const Extent& extent) {
  constexpr std::int64_t hour = 3600, day = 24 * hour;
  const std::int64_t span = extent.last - extent.first;
  const std::int64_t margin = std::max<std::int64_t>(span / 30, span == 0 ? hour : 1);
  return fmt::format(
      "set xdata time\nset timefmt '%s'\nset format x '{}'\nset xrange ['{}':'{}']\nset xtics nomirror font ',11'\n",
      span < 2 * day ? "%m-%d %H:%M" : "%Y-%m-%d", extent.first - margin, extent.last + margin);
}

std::string commands(const std::vector<Trend>& trends, const TrendNames& names) {
  std::string out;
  for (std::size_t i = 0; i < trends.size(); ++i) {
    const LineStyle style = line_style(i);
    out += fmt::format(
        "{}$trend{} using 1:3:4 with filledcurves fillcolor rgb '{}' fillstyle transparent solid 0.2 noborder notitle"
        ", \\\n  $trend{} using 1:2 with linespoints linecolor rgb '{}' linewidth 2.5 dashtype {} pointtype {} "
        "pointsize "
        "1.4 {}",
        i == 0 ? "plot " : ", \\\n  ", i, style.colour, i, style.colour, style.dash, style.point,
        names.own(i).empty() ? "notitle" : "title " + gnuplot_string(shorten(names.own(i), 72)));
  }
  return out + "\n";
}

std::string script_of(const std::vector<Trend>& trends, const Extent& extent, const std::string& output,
                      PlotFormat format) {
  const TrendNames names(trends);
  const PlotAxis y = value_axis(extent.values);
  std::string out = plot_terminal(format) + "set encoding utf8\n";
  for (std::size_t i = 0; i < trends.size(); ++i) out += data_block(trends[i], i);
  out += fmt::format("set output {}\n", gnuplot_string(output)) + titles(names.shared());
  out +=
      "set lmargin at screen 0.07\nset rmargin at screen 0.97\nset tmargin at screen 0.885\n"
      "set border 3 linecolor rgb '#555555'\nset grid xtics ytics linetype 1 linecolor rgb '#E4E4E4' linewidth 1\n";
  // Below the panel, where long names have room.
  out += fmt::format("set bmargin at screen {:.3f}\n", 0.085 + 0.023 * static_cast<double>((trends.size() + 1) / 2));
  out +=
      "set key at screen 0.52, 0.02 center bottom horizontal maxcols 2 Left reverse noenhanced samplen 2.5 font "
      "',11'\n";
  out += time_axis(extent);
  out +=
      fmt::format("set logscale y 10\nset yrange [{:.9g}:{:.9g}]\nset ytics ({}) nomirror\n", y.low, y.high, y.ticks);
  return out + commands(trends, names) + "unset output\n";
}

/// Removes what it names, unless that was renamed.
struct Draft {
  fs::path path;
  ~Draft() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
};

}  // namespace

void write_trend_plot(const std::vector<Trend>& trends, const fs::path& file, PlotFormat format) {
  if (trends.size() > most_trends) {
    throw InvalidInput(
        fmt::format("a plot shows up to {} rows, and {} were chosen: narrow them with --layers, "
                    "--batch-sizes, --providers",
                    most_trends, trends.size()));
  }
  const Extent extent = extent_of(trends);
  if (extent.values.empty()) throw InvalidInput("nothing to plot: no run in the history has measured such a row");
  const fs::path folder = fs::absolute(file).parent_path();
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Unavailable(fmt::format("cannot make {}: {}", folder.string(), error.message()));
  // gnuplot gets a name of ours, whatever the file's holds.
  const std::string name = fmt::format(".qgemm-trend-{}.tmp", ::getpid());
  const Draft draft{folder / name};
  run_gnuplot(script_of(trends, extent, name, format), folder);
  check_drawn(draft.path, format);
  fs::rename(draft.path, file, error);
  if (error) throw Unavailable(fmt::format("cannot write {}: {}", file.string(), error.message()));
}

}  // namespace qgemm
