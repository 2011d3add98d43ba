#include "timing/drift.hpp"

#include <cmath>
#include <cstddef>

#include "timing/statistics.hpp"

namespace qgemm {

std::optional<double> drift_pct(std::span<const double> samples) {
  const std::size_t n = samples.size();
  if (n < 8) return std::nullopt;  // even eight in perfect order are only just one chance in a thousand
  double rising = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      rising += samples[j] > samples[i] ? 1 : samples[j] < samples[i] ? -1 : 0;
    }
  }
  const auto count = static_cast<double>(n);
  const double deviation = std::sqrt(count * (count - 1) * (2 * count + 5) / 18);
  constexpr double one_in_a_thousand = 3.29;  // of a normal distribution's two sides
  if (std::abs(rising) - 1 < one_in_a_thousand * deviation) return std::nullopt;
  const double before = summarize(samples.first(n / 3)).median, after = summarize(samples.last(n / 3)).median;
  if (!(before > 0)) return std::nullopt;
  return 100 * (after / before - 1);
}

}  // namespace qgemm
