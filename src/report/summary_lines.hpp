#pragma once
#include <string>
#include <vector>

#include "qgemm/result.hpp"
#include "report/layer_table.hpp"

namespace qgemm {

/// One provider over all its points, as text cells; "" where nothing is known.
struct SummaryLine {
  Column column;
  std::size_t measured = 0;
  std::string speedup, speedup_f32;   ///< Geometric means.
  std::string limit_share;            ///< Geometric mean.
  std::string sqnr_db;                ///< Median.
  std::string beats_bf16, beats_f32;  ///< From which M on: "always", "M ≥ 64", "never".
};

std::vector<SummaryLine> summary_lines(const ResultSet& results);

/// "66 rows: 60 ok, 6 unsupported".
std::string count_outcomes(const ResultSet& results);

/// The device and the date: what was measured.
std::string describe_run(const Context& context);

}  // namespace qgemm
