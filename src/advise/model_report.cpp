#include "advise/model_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "report/figures.hpp"
#include "report/printable.hpp"

namespace qgemm {
namespace {

/// Gains that are no numbers (exact against exact) are left out.
template <class GainOf>
std::optional<Gain> gain_over(const ModelReport& model, const GainOf& gain_of) {
  std::vector<double> gains;
  Gain out;
  for (const auto* layer : model.layers) {
    const std::optional<double> gain = gain_of(*layer);
    if (!gain || !std::isfinite(*gain)) continue;
    if (gains.empty() || *gain > out.most_db) {
      out.most_db = *gain;
      out.most = layer;
    }
    gains.push_back(*gain);
  }
  if (gains.empty()) return std::nullopt;
  out.median_db = *median(gains);
  return out;
}

}  // namespace

std::string ModelReport::place(const LayerPlace& place) const {
  const std::string layer = shorten(printable(place.layer), 32);
  return several ? fmt::format("{} of decoder layer {}", layer, place.decoder_layer) : layer;
}

std::vector<ModelReport> by_model(const AccuracyReport& report) {
  std::vector<ModelReport> models;
  std::map<std::pair<std::string, std::int64_t>, std::size_t> places;
  for (const auto& layer : report.layers) {
    const auto [place, fresh] = places.emplace(std::pair(layer.model, layer.tp), models.size());
    if (fresh) models.push_back({layer.model, layer.tp, {}, {}, false});
    ModelReport& model = models[place->second];
    model.several =
        model.several || (!model.layers.empty() && model.layers.front()->decoder_layer != layer.decoder_layer);
    model.layers.push_back(&layer);
  }
  for (auto& row : summarize(report)) models[places.at({row.model, row.tp})].providers.push_back(row);
  return models;
}

Advice advice_on(const char* kind, const ModelReport& model, const std::string& provider) {
  Advice advice;
  advice.kind = kind;
  advice.model = model.model;
  advice.tp = model.tp;
  advice.provider = provider;
  return advice;
}

std::string decibels(double value) {
  return std::isinf(value) && value > 0 ? "no error" : format_decibel(value) + " dB";
}

const SchemeAccuracy* scheme_of(const LayerAccuracy& layer, const std::string& provider) {
  const auto found = std::find_if(layer.schemes.begin(), layer.schemes.end(),
                                  [&](const SchemeAccuracy& scheme) { return scheme.provider == provider; });
  return found == layer.schemes.end() ? nullptr : &*found;
}

std::optional<Gain> gain_between(const ModelReport& model, const std::string& coarse, const std::string& fine) {
  return gain_over(model, [&](const LayerAccuracy& layer) -> std::optional<double> {
    const SchemeAccuracy *from = scheme_of(layer, coarse), *to = scheme_of(layer, fine);
    if (from == nullptr || to == nullptr) return std::nullopt;
    return to->sqnr_db - from->sqnr_db;
  });
}

std::optional<Gain> gain_of_smoothing(const ModelReport& model, const std::string& provider) {
  return gain_over(model, [&](const LayerAccuracy& layer) -> std::optional<double> {
    const SchemeAccuracy* scheme = scheme_of(layer, provider);
    if (scheme == nullptr || !scheme->smoothed_db) return std::nullopt;
    return *scheme->smoothed_db - scheme->sqnr_db;
  });
}

}  // namespace qgemm
