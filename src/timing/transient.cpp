#include "timing/transient.hpp"

#include <cmath>

namespace qgemm {

std::size_t transient_length(std::span<const double> series, double tolerance) {
  const std::size_t n = series.size();
  if (n < 4) return 0;  // two of two say nothing of their spread
  // From the end on, so that each cut costs one step: mean and sum of squared deviations of the values after it
  // (Welford's update).
  double mean = 0, squares = 0, least = 0, mean_after = 0;
  std::size_t best = n;
  for (std::size_t cut = n; cut-- > 0;) {
    const auto count = static_cast<double>(n - cut);
    const double step = series[cut] - mean;
    mean += step / count;
    squares += step * (series[cut] - mean);
    if (cut > n / 2) continue;
    const double error = squares / (count * count);
    if (best == n || error <= least) best = cut, least = error, mean_after = mean;
  }
  if (best == 0) return 0;
  double before = 0;
  for (const double value : series.first(best)) before += value / static_cast<double>(best);
  return std::abs(before - mean_after) > tolerance ? best : 0;
}

}  // namespace qgemm
