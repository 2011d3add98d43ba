#include "run/typical_clock.hpp"

#include "timing/statistics.hpp"

namespace qgemm {

void mark_clocks(std::vector<Result>& rows) {
  constexpr double close = 0.97;
  std::vector<double> clocks;
  for (Result& row : rows) {
    row.typical_clock_us.reset();
    if (row.measured() && row.clock_mhz) clocks.push_back(*row.clock_mhz);
  }
  if (clocks.empty()) return;
  const double typical = summarize(clocks).median;
  for (Result& row : rows) {
    if (!row.measured() || !row.clock_mhz || *row.clock_mhz >= close * typical) continue;
    row.typical_clock_us = *row.median_us * (row.bound == Bound::compute ? *row.clock_mhz / typical : 1);
  }
}

}  // namespace qgemm
