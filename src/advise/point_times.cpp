#include "advise/point_times.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "report/layer_table.hpp"
#include "report/printable.hpp"

namespace qgemm {
namespace {

bool has_time(const Result& row) {
  return trusted(row) && row.median_us && std::isfinite(*row.median_us) && *row.median_us > 0;
}

template <class T>
void add_once(std::vector<T>& list, const T& value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

/// Layer names that stand for several shapes at one TP.
std::map<std::tuple<std::string, std::int64_t, std::string>, std::pair<std::int64_t, std::int64_t>> first_shapes(
    const std::vector<Result>& rows) {
  std::map<std::tuple<std::string, std::int64_t, std::string>, std::pair<std::int64_t, std::int64_t>> shapes;
  for (const auto& row : rows) shapes.try_emplace({row.model, row.tp, row.layer}, row.shape.n, row.shape.k);
  return shapes;
}

}  // namespace

Timing operator+(const Timing& a, const Timing& b) { return {a.us + b.us, std::hypot(a.half, b.half)}; }

TimingRatio operator/(const Timing& a, const Timing& b) {
  const double ratio = a.us / b.us, share = std::hypot(a.half / a.us, b.half / b.us);
  return {ratio, ratio / (1 + share), ratio * (1 + share)};
}

void PointTimes::add(const Result& row, const std::string& layer) {
  add_once(layers, layer);
  add_once(providers, row.provider);
  add_once(sizes, row.shape.m);
  if (!has_time(row)) return;
  const Result*& kept = rows_[layer][row.provider][row.shape.m];
  // Of one engine the last row counts, as in the tables; of several the fastest.
  if (kept == nullptr || kept->engine == row.engine || *row.median_us < *kept->median_us) kept = &row;
}

const Result* PointTimes::row(const std::string& layer, std::int64_t m, const std::string& provider) const {
  const auto providers_of = rows_.find(layer);
  if (providers_of == rows_.end()) return nullptr;
  const auto sizes_of = providers_of->second.find(provider);
  if (sizes_of == providers_of->second.end()) return nullptr;
  const auto found = sizes_of->second.find(m);
  return found == sizes_of->second.end() ? nullptr : found->second;
}

std::optional<Timing> PointTimes::time(const std::string& layer, std::int64_t m, const std::string& provider) const {
  if (!layer.empty()) {
    const Result* found = row(layer, m, provider);
    if (found == nullptr) return std::nullopt;
    const double noise = found->noise_pct && std::isfinite(*found->noise_pct) ? *found->noise_pct : 0;
    return Timing{*found->median_us, *found->median_us * noise / 100};
  }
  std::optional<Timing> sum;
  for (const auto& one : layers) {
    if (!in_each_block(one)) continue;
    const auto part = time(one, m, provider);
    if (!part) return std::nullopt;
    sum = sum ? *sum + *part : *part;
  }
  return sum;
}

std::vector<std::int64_t> PointTimes::sizes_with(const std::string& layer,
                                                 const std::vector<std::string>& wanted) const {
  std::vector<std::int64_t> found;
  for (const std::int64_t m : sizes) {
    if (std::all_of(wanted.begin(), wanted.end(), [&](const auto& provider) { return time(layer, m, provider); })) {
      found.push_back(m);
    }
  }
  return found;
}

bool PointTimes::has(const std::string& provider) const {
  return std::find(providers.begin(), providers.end(), provider) != providers.end();
}

bool is_of_an_expert(std::string_view layer) { return layer.starts_with("expert_"); }

bool in_each_block(std::string_view layer) { return layer != "lm_head" && !is_of_an_expert(layer); }

std::vector<PointTimes> point_times(const ResultSet& results) {
  const auto shapes = first_shapes(results.rows);
  std::map<std::tuple<std::string, std::int64_t, CacheState>, std::size_t> places;
  std::vector<PointTimes> times;
  for (const auto& row : results.rows) {
    const auto [place, added] = places.try_emplace({row.model, row.tp, row.cache}, times.size());
    if (added) {
      PointTimes& fresh = times.emplace_back();
      fresh.model = row.model;
      fresh.tp = row.tp;
      fresh.cache = row.cache;
    }
    const bool first = shapes.at({row.model, row.tp, row.layer}) == std::pair(row.shape.n, row.shape.k);
    times[place->second].add(row,
                             first ? row.layer : fmt::format("{} (N={} K={})", row.layer, row.shape.n, row.shape.k));
  }
  for (auto& one : times) std::sort(one.sizes.begin(), one.sizes.end());
  return times;
}

}  // namespace qgemm
