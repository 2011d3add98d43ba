#include <fmt/format.h>

#include <algorithm>

#include "qgemm/error.hpp"
#include "qgemm/report.hpp"
#include "report/gnuplot.hpp"
#include "report/layer_table.hpp"
#include "report/plot_paths.hpp"
#include "report/plot_script.hpp"
#include "report/printable.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

/// The families a layer has a plot of: those with figures, and without any the baselines on a plot of their own.
std::vector<Family> plotted_families(const LayerTable& table) {
  std::vector<Family> families;
  for (const Family family : {Family::int8, Family::fp8}) {
    if (table.has(family, true)) families.push_back(family);
  }
  if (families.empty()) families.push_back(Family::int8);
  return families;
}

/// The cache states to draw apart; one empty where there is only one.
std::vector<std::string> cache_states(const LayerTable& table) {
  std::vector<std::string> states;
  for (const auto& column : table.columns) {
    if (std::find(states.begin(), states.end(), column.cache) == states.end()) states.push_back(column.cache);
  }
  return states;
}

std::vector<Column> columns_in(const LayerTable& table, Family family, const std::string& cache) {
  std::vector<Column> columns;
  for (const auto& column : table.columns) {
    const Family own = family_of(column.provider);
    if (column.cache == cache && (own == Family::baseline || own == family)) columns.push_back(column);
  }
  return columns;
}

}  // namespace

std::vector<fs::path> write_plots(const ResultSet& results, const fs::path& folder, PlotFormat format) {
  const auto tables = layer_tables(results);
  const char* extension = format == PlotFormat::png ? "png" : "svg";
  const std::string device = results.context.device.name.empty() ? std::string(name(results.context.device.kind))
                                                                 : results.context.device.name;
  PlotPaths paths;
  std::vector<fs::path> files;
  std::string script = plot_terminal(format);
  for (const auto& table : tables) {
    for (const Family family : plotted_families(table)) {
      for (const auto& cache : cache_states(table)) {
        Plot plot{.table = &table, .columns = columns_in(table, family, cache), .device = device, .file = {}};
        if (plot_script(plot).empty()) continue;
        plot.file = paths.next(table, family, cache, extension);
        script += plot_script(plot);
        files.push_back(plot.file);
      }
    }
  }
  if (files.empty()) return files;
  for (auto& file : files) {
    file = folder / file;
    std::error_code error;
    fs::create_directories(file.parent_path(), error);
    if (error) throw Unavailable(fmt::format("cannot make {}: {}", file.parent_path().string(), error.message()));
    fs::remove(file, error);  // what is left of an earlier run must not pass for this one
  }
  run_gnuplot(script, folder);
  for (const auto& file : files) check_drawn(file, format);
  return files;
}

}  // namespace qgemm
