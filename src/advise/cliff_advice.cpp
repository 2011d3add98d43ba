#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "advise/advice_parts.hpp"
#include "report/printable.hpp"

namespace qgemm {
namespace {

/// More than this past proportional growth is a cliff, and more than this saved by a larger M is padding that pays:
/// smaller steps are in every curve.
constexpr double worth_saying = 0.05;
/// The largest of a provider's are said; all of them would be a table again.
constexpr std::size_t most_said = 3;

struct Step {
  std::string layer;
  std::int64_t from = 0, to = 0;
  Timing before, after;
  double excess = 0;  ///< Cliff: growth ÷ what was to be expected − 1. Padding: saved share of the time.
};

/// Twice the rows should take at most twice the time: what is past that is lost by the kernel (or by the clock).
std::vector<Step> cliffs_of(const PointTimes& times, const std::string& layer, const std::string& provider) {
  std::vector<Step> steps;
  const auto sizes = times.sizes_with(layer, {provider});
  if (is_scan(sizes)) return {};  // see `add_scan_advice`
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    const Timing before = *times.time(layer, sizes[i], provider), after = *times.time(layer, sizes[i + 1], provider);
    const TimingRatio growth = after / before;
    const double expected = static_cast<double>(sizes[i + 1]) / static_cast<double>(sizes[i]);
    const double excess = growth.ratio / expected - 1;
    if (excess > worth_saying && growth.low > expected) {
      steps.push_back({layer, sizes[i], sizes[i + 1], before, after, excess});
    }
  }
  return steps;
}

/// Of a scan, whose hundreds of sizes have spikes that are the machine's: true where none of the two
/// sizes before `i` takes 5 % less a row than it.
bool lasts(const PointTimes& times, const std::string& layer, const std::string& provider,
           const std::vector<std::int64_t>& sizes, std::size_t i) {
  if (!is_scan(sizes)) return true;
  const double own = times.time(layer, sizes[i], provider)->us;
  for (std::size_t before = i - std::min<std::size_t>(i, 2); before < i; ++before) {
    const double rows = static_cast<double>(sizes[i]) / static_cast<double>(sizes[before]);
    if (rows * times.time(layer, sizes[before], provider)->us < (1 - worth_saying) * own) return false;
  }
  return true;
}

/// For each M the larger one that takes least, where that is less than its own time beyond noise.
std::vector<Step> paddings_of(const PointTimes& times, const std::string& layer, const std::string& provider) {
  std::vector<Step> steps;
  const auto sizes = times.sizes_with(layer, {provider});
  std::optional<std::size_t> best;  // of all larger sizes
  for (std::size_t i = sizes.size(); i-- > 0;) {
    const Timing own = *times.time(layer, sizes[i], provider);
    if (best && lasts(times, layer, provider, sizes, i)) {
      const Timing padded = *times.time(layer, sizes[*best], provider);
      const TimingRatio growth = padded / own;
      const double saved = 1 - growth.ratio;
      if (saved > worth_saying && growth.high < 1) {
        steps.push_back({layer, sizes[i], sizes[*best], own, padded, saved});
      }
    }
    if (!best || own.us <= times.time(layer, sizes[*best], provider)->us) best = i;
  }
  return steps;
}

/// The largest steps of a provider over all layers.
template <class Steps>
std::vector<Step> largest_of(const PointTimes& times, const std::string& provider, Steps steps_of) {
  std::vector<Step> steps;
  for (const auto& layer : times.layers) {
    for (auto& step : steps_of(times, layer, provider)) steps.push_back(std::move(step));
  }
  std::sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.excess > b.excess; });
  // In a scan the sizes before one that pays would all be padded to it: the one that gains most stands for them.
  std::vector<Step> kept;
  for (auto& step : steps) {
    const bool told = is_scan(times.sizes) && std::any_of(kept.begin(), kept.end(), [&](const Step& other) {
                        return other.layer == step.layer && other.to == step.to;
                      });
    if (!told && kept.size() < most_said) kept.push_back(std::move(step));
  }
  steps = std::move(kept);
  return steps;
}

/// How a kind of step is told.
struct Telling {
  const char* kind;
  const char* excess;  ///< Its name among the numbers.
  std::vector<Step> (*steps_of)(const PointTimes&, const std::string& layer, const std::string& provider);
  std::string (*text)(const Step&, const std::string& provider);
};

void add_steps(std::vector<Advice>& out, const PointTimes& times, const std::string& provider, const Telling& telling) {
  if (!is_complete(provider)) return;
  for (const auto& step : largest_of(times, provider, telling.steps_of)) {
    Advice advice = advice_on(telling.kind, times, step.layer, provider);
    advice.text = scope_text(step.layer) + ": " + telling.text(step, printable(provider));
    advice.numbers = {{"m", step.from},
                      {"next_m", step.to},
                      {"us", step.before.us},
                      {"next_us", step.after.us},
                      {telling.excess, step.excess}};
    out.push_back(std::move(advice));
  }
}

constexpr Telling cliff{"cliff", "more_per_row", cliffs_of, [](const Step& step, const std::string& provider) {
                          return fmt::format(
                              "{} takes {:.0f} % more a row at M = {} than at M = {} ({} against {} a call).", provider,
                              100 * step.excess, step.to, step.from, duration(step.after.us), duration(step.before.us));
                        }};
constexpr Telling padding{"padding", "saved", paddings_of, [](const Step& step, const std::string& provider) {
                            return fmt::format("{} would gain {:.0f} % by padding M = {} to {}: {} in place of {}.",
                                               provider, 100 * step.excess, step.from, step.to, duration(step.after.us),
                                               duration(step.before.us));
                          }};

}  // namespace

void add_cliff_advice(std::vector<Advice>& out, const PointTimes& times) {
  for (const auto& provider : times.providers) {
    // Who scans sizes asks about kernels, too, where the quantization stands apart.
    for (const auto& layer : times.layers) {
      if (is_scan(times.sizes_with(layer, {provider}))) add_scan_advice(out, times, layer, provider);
    }
    add_steps(out, times, provider, cliff);
  }
}

void add_padding_advice(std::vector<Advice>& out, const PointTimes& times) {
  for (const auto& provider : times.providers) add_steps(out, times, provider, padding);
}

}  // namespace qgemm
