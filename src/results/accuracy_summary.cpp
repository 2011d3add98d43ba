#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "qgemm/accuracy.hpp"

namespace qgemm {
namespace {

/// Of values without a NaN; between an infinite one and another the lower, since their mean says nothing.
double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  if (values.size() % 2 == 1) return values[middle];
  const double mean = (values[middle - 1] + values[middle]) / 2;
  return std::isfinite(mean) ? mean : values[middle - 1];
}

struct Collected {
  ProviderAccuracy row;
  std::vector<double> plain, smoothed;
};

void add(Collected& to, const LayerAccuracy& layer, const SchemeAccuracy& scheme) {
  const LayerPlace place{layer.layer, layer.decoder_layer};
  ProviderAccuracy& row = to.row;
  if (to.plain.empty() || scheme.sqnr_db < row.worst_db) {
    row.worst_db = scheme.sqnr_db;
    row.worst = place;
  }
  to.plain.push_back(scheme.sqnr_db);
  if (!scheme.smoothed_db || !scheme.alpha) return;
  if (!row.smoothed_worst_db || *scheme.smoothed_db < *row.smoothed_worst_db) {
    row.smoothed_worst_db = scheme.smoothed_db;
    row.smoothed_worst = place;
  }
  row.alpha_low = std::min(row.alpha_low.value_or(*scheme.alpha), *scheme.alpha);
  row.alpha_high = std::max(row.alpha_high.value_or(*scheme.alpha), *scheme.alpha);
  to.smoothed.push_back(*scheme.smoothed_db);
}

}  // namespace

std::vector<ProviderAccuracy> summarize(const AccuracyReport& report) {
  std::vector<Collected> collected;
  std::map<std::tuple<std::string, std::int64_t, std::string>, std::size_t> places;
  for (const auto& layer : report.layers) {
    for (const auto& scheme : layer.schemes) {
      const auto [place, fresh] = places.emplace(std::tuple(layer.model, layer.tp, scheme.provider), collected.size());
      if (fresh) {
        ProviderAccuracy& row = collected.emplace_back().row;
        row.model = layer.model;
        row.tp = layer.tp;
        row.provider = scheme.provider;
      }
      add(collected[place->second], layer, scheme);
    }
  }
  std::vector<ProviderAccuracy> out;
  for (auto& one : collected) {
    one.row.median_db = median_of(std::move(one.plain));
    if (!one.smoothed.empty()) one.row.smoothed_median_db = median_of(std::move(one.smoothed));
    out.push_back(std::move(one.row));
  }
  return out;
}

}  // namespace qgemm
