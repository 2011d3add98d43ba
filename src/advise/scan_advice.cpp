#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "advise/advice_parts.hpp"
#include "report/printable.hpp"

namespace qgemm {
namespace {

/// As among few sizes: what is past proportional growth by less is in every curve.
constexpr double worth_saying = 0.05;
/// The largest steps of a layer and provider are said; all of them would be a table again.
constexpr std::size_t most_said = 3;
/// A cliff is stood on: the times of so many sizes before and after it have to lie apart. One slow size alone is a
/// spike (or the machine), and nothing is past it.
constexpr std::size_t neighbours = 3;
/// Of hundreds of steps a few pass a 95 % interval by chance. Twice as wide is 3.9 standard deviations, which one in
/// ten thousand steps passes.
constexpr double many_steps = 2;

struct ScanStep {
  std::int64_t from = 0, to = 0;
  Timing before, after;
  double growth = 0;   ///< after ÷ before − 1
  double excess = 0;   ///< past proportional growth, as with few sizes
  bool cliff = false;  ///< larger than worth saying and than the noise
};

/// Of a provider at a layer, from each size measured to the next. A step is the fastest of the sizes after it against
/// the slowest of those before it, so that neither a spike nor a dip is one.
std::vector<ScanStep> steps_of(const PointTimes& times, const std::string& layer, const std::string& provider,
                               const std::vector<std::int64_t>& sizes) {
  std::vector<Timing> all;
  for (const std::int64_t m : sizes) all.push_back(*times.time(layer, m, provider));
  const auto faster = [](const Timing& a, const Timing& b) { return a.us < b.us; };
  std::vector<ScanStep> steps;
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    const auto at = [&](std::size_t place) { return all.begin() + static_cast<std::ptrdiff_t>(place); };
    ScanStep step{.from = sizes[i], .to = sizes[i + 1], .before = {}, .after = {}};
    step.before = *std::max_element(at(i + 1 - std::min(neighbours, i + 1)), at(i + 1), faster);
    step.after = *std::min_element(at(i + 1), at(std::min(i + 1 + neighbours, all.size())), faster);
    const double expected = static_cast<double>(step.to) / static_cast<double>(step.from);
    const TimingRatio growth =
        Timing{step.after.us, many_steps * step.after.half} / Timing{step.before.us, many_steps * step.before.half};
    step.growth = growth.ratio - 1;
    step.excess = growth.ratio / expected - 1;
    step.cliff = step.excess > worth_saying && growth.low > expected;
    steps.push_back(step);
  }
  std::sort(steps.begin(), steps.end(),
            [](const ScanStep& a, const ScanStep& b) { return a.cliff != b.cliff ? a.cliff : a.excess > b.excess; });
  return steps;
}

std::string step_text(const ScanStep& step) {
  return fmt::format("M = {} → {} ({:+.0f} % time: {} → {})", step.from, step.to, 100 * step.growth,
                     duration(step.before.us), duration(step.after.us));
}

std::string scan_text(const std::vector<ScanStep>& steps, std::size_t cliffs, const std::vector<std::int64_t>& sizes) {
  const std::string range = fmt::format("of {} sizes, M = {} … {}", sizes.size(), sizes.front(), sizes.back());
  if (cliffs == 0) {
    return fmt::format("no cliff in the scan {}; the largest step is {}{}", range, step_text(steps.front()),
                       steps.front().excess > worth_saying ? ", within the noise" : "");
  }
  std::string text =
      fmt::format("{} in the scan {}: ", cliffs == 1 ? "one cliff" : fmt::format("{} cliffs", cliffs), range);
  for (std::size_t i = 0; i < std::min(cliffs, most_said); ++i) {
    text += fmt::format("{}{}", i == 0 ? "" : ", ", step_text(steps[i]));
  }
  if (cliffs > most_said) text += fmt::format(" and {} smaller ones", cliffs - most_said);
  return text;
}

}  // namespace

bool is_scan(const std::vector<std::int64_t>& sizes) {
  // More than any default list has; with so many, neighbours are near.
  return sizes.size() >= 16;
}

void add_scan_advice(std::vector<Advice>& out, const PointTimes& times, const std::string& layer,
                     const std::string& provider) {
  const auto sizes = times.sizes_with(layer, {provider});
  const auto steps = steps_of(times, layer, provider, sizes);
  const auto cliffs =
      static_cast<std::size_t>(std::count_if(steps.begin(), steps.end(), [](const ScanStep& s) { return s.cliff; }));
  Advice advice = advice_on("cliff", times, layer, provider);
  advice.text = fmt::format("{}: {}: {}.", scope_text(layer), printable(provider), scan_text(steps, cliffs, sizes));
  const ScanStep& largest = steps.front();
  advice.numbers = {{"m", largest.from},
                    {"next_m", largest.to},
                    {"us", largest.before.us},
                    {"next_us", largest.after.us},
                    {"more_per_row", largest.excess},
                    {"more_time", largest.growth},
                    {"cliffs", static_cast<std::int64_t>(cliffs)},
                    {"scanned_sizes", static_cast<std::int64_t>(sizes.size())}};
  std::vector<std::int64_t> from;
  for (std::size_t i = 0; i < cliffs; ++i) from.push_back(steps[i].from);
  advice.numbers.emplace_back("cliffs_after_m", from);
  out.push_back(std::move(advice));
}

}  // namespace qgemm
