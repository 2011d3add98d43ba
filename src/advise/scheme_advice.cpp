#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "advise/advice_parts.hpp"
#include "report/printable.hpp"

namespace qgemm {
namespace {

constexpr const char* baseline = "bf16";
/// Nobody keeps weights in two formats for less.
constexpr double worth_switching = 1.03;

struct Speedup {
  std::int64_t m = 0;
  TimingRatio ratio;
};

/// Where the logarithm of a speedup crosses 0 between two sizes, linear over log M.
double crossing(std::int64_t below, double low, std::int64_t above, double high) {
  const double a = std::log(low), b = std::log(high), x = std::log(below), y = std::log(above);
  if (!(b > a)) return std::exp(y);
  return std::exp(x + (y - x) * std::clamp(-a / (b - a), 0.0, 1.0));
}

std::string speedup_text(const Speedup& one) {
  return fmt::format("{:.2f}× ({:.2f} … {:.2f}) at M = {}", one.ratio.ratio, one.ratio.low, one.ratio.high, one.m);
}

/// From which M on the provider is certainly faster, at it and at all larger ones measured.
void add_crossover(std::vector<Advice>& out, const PointTimes& times, const std::string& layer,
                   const std::string& provider) {
  std::vector<Speedup> speedups;
  for (const std::int64_t m : times.sizes_with(layer, {baseline, provider})) {
    speedups.push_back({m, *times.time(layer, m, baseline) / *times.time(layer, m, provider)});
  }
  if (speedups.empty()) return;
  auto from = speedups.end();
  while (from != speedups.begin() && std::prev(from)->ratio.low > 1) --from;
  Advice advice = advice_on("crossover", times, layer, provider);
  const std::string who = fmt::format("{}: {}", scope_text(layer), printable(provider));
  const Speedup &first = speedups.front(), &last = speedups.back();
  advice.numbers = {{"smallest_m", first.m},
                    {"speedup_at_smallest_m", first.ratio.ratio},
                    {"largest_m", last.m},
                    {"speedup_at_largest_m", last.ratio.ratio}};
  if (from == speedups.end()) {
    const bool slower = last.ratio.high < 1;
    advice.text = fmt::format("{} {} than bf16 at the largest M measured: {}.", who,
                              slower ? "is slower" : "is not certainly faster", speedup_text(last));
    advice.numbers.emplace_back("from_m", std::monostate{});
  } else if (from == speedups.begin()) {
    const auto [worst, best] = std::minmax_element(
        speedups.begin(), speedups.end(), [](const auto& a, const auto& b) { return a.ratio.ratio < b.ratio.ratio; });
    advice.text = fmt::format("{} is faster than bf16 at every M measured: from {} to {}.", who, speedup_text(*worst),
                              speedup_text(*best));
    advice.numbers.emplace_back("from_m", first.m);
  } else {
    const Speedup& before = *std::prev(from);
    const auto at = [&](double below, double above) { return crossing(before.m, below, from->m, above); };
    const double middle = at(before.ratio.ratio, from->ratio.ratio);
    const double earliest = at(before.ratio.high, from->ratio.high), latest = at(before.ratio.low, from->ratio.low);
    advice.text = fmt::format(
        "{} is faster than bf16 from M = {} on: {}, against {}. Between them the crossover lies at about M = {:.0f} "
        "({:.0f} … {:.0f}), if the speedup grows evenly over log M.",
        who, from->m, speedup_text(*from), speedup_text(before), middle, earliest, latest);
    advice.numbers.insert(advice.numbers.end(), {{"from_m", from->m},
                                                 {"last_m_not_faster", before.m},
                                                 {"crossover_m", middle},
                                                 {"crossover_m_low", earliest},
                                                 {"crossover_m_high", latest}});
  }
  out.push_back(std::move(advice));
}

struct Range {
  std::string provider;
  std::int64_t first = 0, last = 0;
};

/// The fastest provider for each range of M. The one before stays where another is not certainly faster, or hardly: a
/// choice that changes with the noise is no advice.
void add_fastest(std::vector<Advice>& out, const PointTimes& times, const std::string& layer) {
  std::vector<Range> ranges;
  for (const std::int64_t m : times.sizes) {
    std::string best;
    for (const auto& provider : times.providers) {
      if (!is_complete(provider) || !times.time(layer, m, provider)) continue;
      if (best.empty() || times.time(layer, m, provider)->us < times.time(layer, m, best)->us) best = provider;
    }
    if (best.empty()) continue;
    if (!ranges.empty()) {
      const auto kept = times.time(layer, m, ranges.back().provider);
      const auto gain = kept ? std::optional(*kept / *times.time(layer, m, best)) : std::nullopt;
      if (gain && (gain->low <= 1 || gain->ratio < worth_switching)) {
        ranges.back().last = m;
        continue;
      }
    }
    ranges.push_back({best, m, m});
  }
  if (ranges.empty()) return;
  Advice advice = advice_on("scheme", times, layer);
  std::vector<std::string> providers;
  std::vector<std::int64_t> firsts, lasts;
  constexpr std::size_t most_said = 8;  // of a noisy scan there may be dozens; all are in the numbers
  for (const auto& range : ranges) {
    providers.push_back(range.provider);
    firsts.push_back(range.first);
    lasts.push_back(range.last);
    if (providers.size() == most_said + 1)
      advice.text += fmt::format("; and {} changes more", ranges.size() - most_said);
    if (providers.size() > most_said) continue;
    advice.text += advice.text.empty() ? scope_text(layer) + ", fastest with quantization in the time: " : "; ";
    advice.text += printable(range.provider);
    advice.text += range.first == range.last ? fmt::format(" at M = {}", range.first)
                                             : fmt::format(" for M = {} … {}", range.first, range.last);
  }
  advice.text += ". What gains less than 3 %, or less than the noise, is no reason to switch.";
  advice.numbers = {{"providers", providers}, {"first_m", firsts}, {"last_m", lasts}};
  out.push_back(std::move(advice));
}

}  // namespace

void add_scheme_advice(std::vector<Advice>& out, const PointTimes& times) {
  for (const auto& layer : scopes_of(times)) {
    add_fastest(out, times, layer);
    for (const auto& provider : times.providers) {
      if (provider != baseline && provider != "f32" && is_complete(provider))
        add_crossover(out, times, layer, provider);
    }
  }
}

}  // namespace qgemm
