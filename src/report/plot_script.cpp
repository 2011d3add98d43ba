#include "report/plot_script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>

#include "report/gnuplot.hpp"
#include "report/plot_axes.hpp"
#include "report/plot_series.hpp"
#include "report/printable.hpp"

namespace qgemm {
namespace {

constexpr int plot_width = 1400, plot_height = 840;  // pixels
constexpr const char* x_label = "set xlabel 'M (batch size, tokens)'\n";

/// With more, the points' shapes would hide the lines: a line then has them at powers of two (and its ends) only.
constexpr std::size_t most_shapes = 40;

bool has_shape(const std::vector<PlotPoint>& points, std::size_t i) {
  const auto m = static_cast<std::uint64_t>(points[i].m);
  return points.size() <= most_shapes || std::has_single_bit(m) || i == 0 || i + 1 == points.size();
}

/// M, TFLOP/s, its bounds, the speedup over bf16 ("nan", which gnuplot leaves out, where it is not known), and whether
/// the point has its series' shape.
std::string data_blocks(const std::vector<PlotSeries>& all) {
  std::string out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    out += fmt::format("$series{} << EndOfData\n", i);
    for (std::size_t at = 0; at < all[i].points.size(); ++at) {
      const auto& p = all[i].points[at];
      if (p.after_gap) out += '\n';  // an empty line breaks gnuplot's lines and bands
      out += fmt::format("{} {:.9g} {:.9g} {:.9g} {} {}\n", p.m, p.tflops, p.low, p.high,
                         p.speedup ? fmt::format("{:.9g}", *p.speedup) : "nan", has_shape(all[i].points, at) ? 1 : 0);
    }
    out += "EndOfData\n";
  }
  return out;
}

std::string plot_command(const std::vector<std::string>& elements) {
  std::string out;
  for (const auto& element : elements) {
    out += out.empty() ? "plot " : ", \\\n  ";
    out += element;
  }
  return out + "\n";
}

/// A line with points of `data`, in the style of a series.
std::string line_element(const PlotSeries& series, const std::string& data, const std::string& title) {
  return fmt::format("{} with linespoints linecolor rgb '{}' linewidth 2.5 dashtype {} pointtype {} pointsize 1.4 {}",
                     data, series.style.colour, series.style.dash, series.style.point, title);
}

/// Column `y` of series `index` over M: with its shapes, or, of a scan, as a line and some shapes.
void add_line(std::vector<std::string>& elements, const std::vector<PlotSeries>& all, std::size_t index, int y) {
  const auto& series = all[index];
  if (series.points.size() <= most_shapes) {
    elements.push_back(line_element(series, fmt::format("$series{} using 1:{}", index, y), "notitle"));
    return;
  }
  elements.push_back(fmt::format("$series{} using 1:{} with lines linecolor rgb '{}' linewidth 1.5 dashtype {} notitle",
                                 index, y, series.style.colour, series.style.dash));
  elements.push_back(
      fmt::format("$series{} using 1:(column(6) > 0 ? column({}) : NaN) with points linecolor rgb '{}' pointtype {} "
                  "pointsize 1.2 notitle",
                  index, y, series.style.colour, series.style.point));
}

std::string tflops_panel(const std::vector<PlotSeries>& all) {
  std::vector<std::string> elements;
  for (std::size_t i = 0; i < all.size(); ++i) {
    elements.push_back(fmt::format(
        "$series{} using 1:3:4 with filledcurves fillcolor rgb '{}' fillstyle transparent solid 0.2 noborder notitle",
        i, all[i].style.colour));
  }
  for (std::size_t i = 0; i < all.size(); ++i) add_line(elements, all, i, 2);
  return plot_command(elements);
}

std::string speedup_panel(const std::vector<PlotSeries>& all) {
  std::vector<std::string> elements{"1 with lines linecolor rgb '#000000' linewidth 1 notitle"};
  for (std::size_t i = 0; i < all.size(); ++i) add_line(elements, all, i, 5);
  return plot_command(elements);
}

/// The legend on a panel of its own, of the whole height: gnuplot drops what is longer than the panel it belongs to.
std::string legend_panel(const std::vector<PlotSeries>& all, double left) {
  std::string out =
      "unset label\nunset logscale\nunset border\nunset grid\nunset tics\nunset xlabel\nset xrange [0:1]\nset yrange "
      "[0:1]\n"
      "set tmargin at screen 0.885\nset bmargin at screen 0.01\n";
  out += fmt::format(
      "set key at screen {:.3f}, 0.885 left top Left reverse noenhanced spacing {} samplen 2.5 font ',12'\n", left,
      all.size() <= 18 ? "1.5" : "1.2");
  std::vector<std::string> elements;
  for (const auto& series : all) {
    elements.push_back(line_element(series, "NaN", "title " + gnuplot_string(series.label)));
  }
  return out + plot_command(elements);
}

/// "model   layer   TP 1   N=… K=…" and, smaller, the device and what the lines are.
std::string title_commands(const Plot& plot) {
  const auto& table = *plot.table;
  const std::string first = fmt::format("{}   {}   TP {}   N={} K={}", shorten(printable(table.model), 64),
                                        shorten(printable(table.layer), 24), table.tp, table.n, table.k);
  const auto& column = plot.columns.front();
  const std::string cache = column.cache.empty() ? std::string(name(table.rows.front()->cache)) : column.cache;
  const std::string second = fmt::format("{}, {} cache; line: median, band: 20–80 % of the samples",
                                         shorten(printable(plot.device), 96), cache);
  return fmt::format(
      "set label 1 {} at screen 0.02, 0.965 left noenhanced font ',17'\n"
      "set label 2 {} at screen 0.02, 0.925 left noenhanced font ',12' textcolor rgb '#555555'\n",
      gnuplot_string(first), gnuplot_string(second));
}

/// At one place for both panels; gnuplot's own would move with the width of the tick labels.
std::string axis_title(const char* text, double height) {
  return fmt::format("set label 3 '{}' at screen 0.015, {} center rotate by 90\n", text, height);
}

/// Where the panels end: right of it is the legend, whose characters take about 8 pixels.
double right_edge(const std::vector<PlotSeries>& all) {
  std::size_t longest = 0;
  for (const auto& series : all) longest = std::max(longest, display_width(series.label));
  return 1 - (105 + 8.2 * static_cast<double>(longest)) / plot_width;
}

}  // namespace

std::string plot_terminal(PlotFormat format) {
  return fmt::format("set terminal {} noenhanced size {},{} font 'sans,13' background '#FFFFFF'\n",
                     format == PlotFormat::png ? "pngcairo" : "svg", plot_width, plot_height);
}

std::string plot_script(const Plot& plot) {
  const auto all = plot_series(*plot.table, plot.columns);
  if (all.empty()) return "";
  std::vector<double> values, speedups;
  for (const auto& series : all) {
    for (const auto& p : series.points) {
      values.insert(values.end(), {p.tflops, p.low, p.high});
      if (p.speedup) speedups.push_back(*p.speedup);
    }
  }
  const PlotAxis x = batch_axis(plot.table->batch_sizes), y = value_axis(values), ratio = ratio_axis(speedups);
  const bool two_panels = !speedups.empty();
  std::string out = "reset\nset encoding utf8\n" + data_blocks(all);
  out += fmt::format("set output {}\nset multiplot\n", gnuplot_string(plot.file.string()));
  out += title_commands(plot);
  out += fmt::format(
      "unset key\nset lmargin at screen 0.07\nset rmargin at screen {:.3f}\nset border 3 linecolor rgb '#555555'\n"
      "set grid xtics ytics linetype 1 linecolor rgb '#E4E4E4' linewidth 1\n",
      right_edge(all));
  out += fmt::format("set logscale x 2\nset xrange [{:.9g}:{:.9g}]\nset xtics ({}) nomirror font ',11'\n", x.low,
                     x.high, two_panels ? x.bare_ticks : x.ticks);
  out +=
      fmt::format("set logscale y 10\nset yrange [{:.9g}:{:.9g}]\nset ytics ({}) nomirror\n", y.low, y.high, y.ticks);
  out += fmt::format("set tmargin at screen 0.885\nset bmargin at screen {}\n", two_panels ? "0.42" : "0.1");
  out += axis_title("TFLOP/s", two_panels ? 0.65 : 0.49) + (two_panels ? "" : x_label) + tflops_panel(all);
  if (two_panels) {
    out += "unset label\nset tmargin at screen 0.375\nset bmargin at screen 0.1\n";
    out += fmt::format("set xtics ({}) nomirror font ',11'\n{}", x.ticks, x_label);
    out += fmt::format("unset logscale y\nset yrange [{:.9g}:{:.9g}]\nset ytics autofreq nomirror\n", ratio.low,
                       ratio.high);
    out += axis_title("times as fast as bf16", 0.24) + speedup_panel(all);
  }
  out += legend_panel(all, right_edge(all) + 0.015);
  return out + "unset multiplot\nunset output\n";
}

}  // namespace qgemm
