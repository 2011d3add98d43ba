#include "timing/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace qgemm {

double quantile(std::span<const double> ascending, double p) {
  const double at = p * static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, ascending.size() - 1);
  const double weight = at - static_cast<double>(below);
  return ascending[below] + weight * (ascending[above] - ascending[below]);
}

Summary summarize(std::span<const double> samples, double correlation) {
  std::vector<double> sorted(samples.begin(), samples.end());
  std::sort(sorted.begin(), sorted.end());
  Summary out{quantile(sorted, 0.5), quantile(sorted, 0.2), quantile(sorted, 0.8), 0};
  const double half = static_cast<double>(sorted.size()) / 2,
               reach = 0.98 * std::sqrt(static_cast<double>(sorted.size()) * correlation);
  const auto low = static_cast<std::size_t>(std::max(0.0, std::floor(half - reach)));
  const auto high = std::min(sorted.size() - 1, static_cast<std::size_t>(std::ceil(half + reach)));
  if (out.median > 0) out.noise_pct = 100 * (sorted[high] - sorted[low]) / 2 / out.median;
  return out;
}

std::optional<double> paired_noise_pct(std::span<const double> a, std::span<const double> b) {
  constexpr std::size_t fewest = 5;
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (b[i] > 0) ratios.push_back(a[i] / b[i]);
  }
  if (ratios.size() < fewest) return std::nullopt;
  return summarize(ratios).noise_pct;
}

}  // namespace qgemm
