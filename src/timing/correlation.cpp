#include "timing/correlation.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace qgemm {

double correlation_time(std::span<const double> in_order) {
  const std::size_t n = in_order.size();
  if (n < 4) return 1;
  const double median = summarize(in_order).median;
  std::vector<double> signs;
  double squares = 0;
  for (const double value : in_order) {
    signs.push_back(value > median ? 1 : value < median ? -1 : 0);
    squares += signs.back() * signs.back();
  }
  if (squares == 0) return 1;
  // Divided by n and not by the number of pairs: of long lags, of which there are few, less is believed.
  const auto correlation = [&](std::size_t lag) {
    double sum = 0;
    for (std::size_t i = 0; i + lag < n; ++i) sum += signs[i] * signs[i + lag];
    return sum / squares;
  };
  double time = -1;
  for (std::size_t lag = 0; lag + 1 < n; lag += 2) {
    const double pair = correlation(lag) + correlation(lag + 1);
    if (pair <= 0) break;
    time += 2 * pair;
  }
  return std::clamp(time, 1.0, static_cast<double>(n));
}

Summary summarize_series(std::span<const double> in_order) { return summarize(in_order, correlation_time(in_order)); }

}  // namespace qgemm
