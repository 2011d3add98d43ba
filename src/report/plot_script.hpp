#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "qgemm/report.hpp"
#include "report/layer_table.hpp"

namespace qgemm {

/// The gnuplot command that chooses what is drawn on.
std::string plot_terminal(PlotFormat format);

/// One plot: TFLOP/s over the batch size, both logarithmic, a line and a 20–80 % band for each column that has figures;
/// below it the speedup over bf16 where that is known.
struct Plot {
  const LayerTable* table = nullptr;
  std::vector<Column> columns;
  std::string device;
  std::filesystem::path file;  ///< Relative to where gnuplot runs.
};

/// The gnuplot script of a plot, its data within; empty where no row of the columns has a figure.
std::string plot_script(const Plot& plot);

}  // namespace qgemm
