#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "qgemm/accuracy.hpp"

namespace qgemm {

/// A model's layers and what they say as a whole.
struct ModelReport {
  std::string model;
  std::int64_t tp = 1;
  std::vector<const LayerAccuracy*> layers;
  std::vector<ProviderAccuracy> providers;
  bool several = false;  ///< Decoder layers.

  /// "down", with several decoder layers "down of decoder layer 31".
  std::string place(const LayerPlace& place) const;
  std::string place(const LayerAccuracy& layer) const { return place(LayerPlace{layer.layer, layer.decoder_layer}); }
};

/// A report's models, each TP by itself, in order of appearance. They point into the report.
std::vector<ModelReport> by_model(const AccuracyReport& report);

Advice advice_on(const char* kind, const ModelReport& model, const std::string& provider = "");

/// "26.1 dB", or "no error".
std::string decibels(double value);

/// What the layer says of a provider; null where it does not.
const SchemeAccuracy* scheme_of(const LayerAccuracy& layer, const std::string& provider);

/// What each layer gains, and where most.
struct Gain {
  double median_db = 0, most_db = 0;
  const LayerAccuracy* most = nullptr;
};

/// From one provider to another; gains that are no numbers (exact against exact) are left out. Empty where no layer has
/// both.
std::optional<Gain> gain_between(const ModelReport& model, const std::string& coarse, const std::string& fine);
/// From a provider to the same smoothed.
std::optional<Gain> gain_of_smoothing(const ModelReport& model, const std::string& provider);

/// Adds whose outliers are to blame: features, tokens and channels that stand out.
void add_outliers(std::vector<Advice>& out, const ModelReport& model);

}  // namespace qgemm
