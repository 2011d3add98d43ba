#include "report/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace qgemm {

std::string format_tflops(double value) {
  if (!std::isfinite(value)) return fmt::format("{}", value);
  if (value >= 1e6) return fmt::format("{:.3g}", value);
  if (value >= 1000) return fmt::format("{:.0f}", value);
  if (value >= 100) return fmt::format("{:.1f}", value);
  if (value >= 10) return fmt::format("{:.2f}", value);
  if (value >= 1) return fmt::format("{:.3f}", value);
  if (value >= 0.001) return fmt::format("{:.4f}", value);
  return fmt::format("{:.2g}", value);
}

std::string format_ratio(double value) {
  if (!std::isfinite(value)) return fmt::format("{}", value);
  const int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return value < 1e5 ? fmt::format("{:.{}f}x", value, digits) : fmt::format("{:.2g}x", value);
}

std::string format_share(double value) { return fmt::format("{:.0f} %", 100 * value); }

std::string format_decibel(double value) { return std::isinf(value) ? "exact" : fmt::format("{:.1f}", value); }

std::optional<double> geometric_mean(const std::vector<double>& values) {
  double sum = 0;
  int count = 0;
  for (const double value : values) {
    if (!(value > 0) || !std::isfinite(value)) continue;
    sum += std::log(value);
    ++count;
  }
  return count == 0 ? std::nullopt : std::optional(std::exp(sum / count));
}

std::optional<double> median(std::vector<double> values) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  if (values.size() % 2 == 1 || values[middle - 1] == values[middle]) return values[middle];
  return (values[middle - 1] + values[middle]) / 2;
}

}  // namespace qgemm
