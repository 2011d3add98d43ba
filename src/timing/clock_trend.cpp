#include "timing/clock_trend.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace qgemm {
namespace {

constexpr double usual = 0.9, usual_deviation = 0.1;
/// Of a sample beside what its clock explains, at least: clocks and times are read no finer.
constexpr double least_deviation = 1e-3;

double mean_log(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += std::log(value);
  return sum / static_cast<double>(values.size());
}

}  // namespace

double clock_exponent(std::span<const double> us, std::span<const double> mhz) {
  const std::size_t n = us.size();
  if (n < 3) return usual;
  const double time = mean_log(us), clock = mean_log(mhz);
  double xx = 0, xy = 0, yy = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double x = clock - std::log(mhz[i]), y = std::log(us[i]) - time;
    xx += x * x, xy += x * y, yy += y * y;
  }
  if (xx == 0) return usual;
  const double slope = xy / xx;
  const double left = std::max(0.0, yy - slope * xy) / static_cast<double>(n - 2);
  const double known = xx / std::max(left, least_deviation * least_deviation);  // 1 ÷ the slope's variance
  const double prior = 1 / (usual_deviation * usual_deviation);
  return std::clamp((known * slope + prior * usual) / (known + prior), 0.0, 1.0);
}

std::vector<double> times_at_clock(std::span<const double> us, std::span<const double> mhz, double exponent,
                                   double at) {
  std::vector<double> out;
  for (std::size_t i = 0; i < us.size(); ++i) out.push_back(us[i] * std::pow(mhz[i] / at, exponent));
  return out;
}

}  // namespace qgemm
