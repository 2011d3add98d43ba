#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "qgemm/accuracy.hpp"
#include "report/figures.hpp"
#include "report/printable.hpp"

namespace qgemm {
namespace {

/// Below it the error of a product is more than a tenth of the product: 20·log₁₀(10) dB.
constexpr double poor_db = 20;
/// What gains less is no reason for anything: a quarter more noise in power, a tenth more in size.
constexpr double worth_db = 1;
/// What smoothing has to gain at the worst layer to be recommended: half the noise in power.
constexpr double worth_smoothing_db = 3;
/// Ten times the median: an int8 scale made for it leaves the median feature ±13 steps, some 23 dB less than it could.
constexpr double outlier_ratio = 10;
constexpr std::size_t most_named = 3;

/// A model's layers and what they say as a whole.
struct ModelReport {
  std::string model;
  std::int64_t tp = 1;
  std::vector<const LayerAccuracy*> layers;
  std::vector<ProviderAccuracy> providers;
  bool several = false;  ///< Decoder layers.

  std::string place(const LayerPlace& place) const {
    const std::string layer = shorten(printable(place.layer), 32);
    return several ? fmt::format("{} of decoder layer {}", layer, place.decoder_layer) : layer;
  }
  std::string place(const LayerAccuracy& layer) const { return place(LayerPlace{layer.layer, layer.decoder_layer}); }
};

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

Advice advice_on(const char* kind, const ModelReport& model, const std::string& provider = "") {
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

double error_pct(double sqnr_db) { return 100 * std::pow(10, -sqnr_db / 20); }

const SchemeAccuracy* scheme_of(const LayerAccuracy& layer, const std::string& provider) {
  const auto found = std::find_if(layer.schemes.begin(), layer.schemes.end(),
                                  [&](const SchemeAccuracy& scheme) { return scheme.provider == provider; });
  return found == layer.schemes.end() ? nullptr : &*found;
}

/// What each layer gains, and where most.
struct Gain {
  double median_db = 0, most_db = 0;
  const LayerAccuracy* most = nullptr;
};

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

/// What one provider loses.
void add_losses(std::vector<Advice>& out, const ModelReport& model) {
  for (const auto& row : model.providers) {
    Advice advice = advice_on("accuracy", model, row.provider);
    advice.text = printable(row.provider) + ": ";
    if (std::isinf(row.median_db) && row.median_db > 0) {
      advice.text += "no error";
    } else {
      advice.text += fmt::format("SQNR {}, an error of {:.1f} % of the product's size", decibels(row.median_db),
                                 error_pct(row.median_db));
    }
    if (model.layers.size() > 1) {
      advice.text +=
          fmt::format(" at the median layer; {} at worst, in {}", decibels(row.worst_db), model.place(row.worst));
    }
    if (row.worst_db < poor_db) advice.text += ". Warning: that is more than a tenth of the product's size";
    advice.text += ".";
    advice.numbers = {{"sqnr_db_median", row.median_db},
                      {"sqnr_db_worst", row.worst_db},
                      {"worst_decoder_layer", row.worst.decoder_layer},
                      {"worst_layer", row.worst.layer}};
    out.push_back(std::move(advice));
  }
}

struct Step {
  const char *coarse, *fine, *what;
};

/// What finer scales and zero points buy, each by itself.
void add_steps(std::vector<Advice>& out, const ModelReport& model) {
  constexpr std::array<Step, 5> steps{
      {{"int8-channel-w-tensor-a", "int8-channel-w-token-a", "A scale for each token in place of one for all buys"},
       {"int8-tensor-w-token-a", "int8-channel-w-token-a",
        "A scale for each output channel of the weights in place of one for the matrix buys"},
       {"int8-channel-w-token-a", "int8-channel-w-token-a-azp", "Zero points of the activations buy"},
       {"fp8-channel-w-tensor-a", "fp8-channel-w-token-a",
        "In FP8 a scale for each token in place of one for all buys"},
       {"fp8-tensor-w-token-a", "fp8-channel-w-token-a",
        "In FP8 a scale for each output channel of the weights in place of one for the matrix buys"}}};
  for (const auto& step : steps) {
    const auto gain = gain_between(model, step.coarse, step.fine);
    if (!gain) continue;
    Advice advice = advice_on("scheme", model, step.fine);
    if (gain->most_db < worth_db) {
      advice.text = fmt::format("{} nothing here ({:+.1f} dB at most).", step.what, gain->most_db);
    } else {
      advice.text = fmt::format("{} {:+.1f} dB", step.what, gain->median_db);
      if (model.layers.size() > 1) {
        advice.text +=
            fmt::format(" at the median layer and {:+.1f} dB in {}", gain->most_db, model.place(*gain->most));
      }
      advice.text += fmt::format(" ({} against {}).", step.fine, step.coarse);
    }
    advice.numbers = {{"gain_db_median", gain->median_db}, {"gain_db_most", gain->most_db}};
    out.push_back(std::move(advice));
  }
}

/// What the layers with the largest ratios are: "down of decoder layer 1 (843 times)".
template <class RatioOf>
std::string most_of(const ModelReport& model, const RatioOf& ratio_of, std::size_t& count) {
  std::vector<std::pair<double, const LayerAccuracy*>> found;
  for (const auto* layer : model.layers) {
    const std::optional<double> ratio = ratio_of(*layer);
    if (ratio && *ratio >= outlier_ratio) found.emplace_back(*ratio, layer);
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  count = found.size();
  std::string text;
  for (std::size_t i = 0; i < std::min(count, most_named); ++i) {
    text += fmt::format("{}{} ({:.3g} times)", i == 0 ? "" : ", ", model.place(*found[i].second), found[i].first);
  }
  return text;
}

void add_outliers(std::vector<Advice>& out, const ModelReport& model) {
  std::size_t activations = 0, weights = 0, massive = 0;
  double largest = 0, most_massive = 0;
  const LayerAccuracy* where = nullptr;
  for (const auto* layer : model.layers) {
    largest = std::max(largest, layer->activation.ratio().value_or(0));
    if (layer->massive_pct > 0) ++massive;
    if (layer->massive_pct > most_massive) {
      most_massive = layer->massive_pct;
      where = layer;
    }
  }
  const std::string in_activations = most_of(
      model, [](const LayerAccuracy& layer) { return layer.activation.ratio(); }, activations);
  const std::string in_weights = most_of(
      model, [](const LayerAccuracy& layer) { return layer.weight.ratio(); }, weights);
  Advice advice = advice_on("outliers", model);
  const auto add = [&](std::string text, Properties numbers) {
    advice.text = std::move(text);
    advice.numbers = std::move(numbers);
    out.push_back(advice);
  };
  if (activations > 0) {
    add(fmt::format("The inputs of {} of {} layers have outlier features, {:.0f} times the median feature or more: "
                    "most in {}.",
                    activations, model.layers.size(), outlier_ratio, in_activations),
        {{"layers", static_cast<std::int64_t>(activations)}, {"ratio", largest}});
  } else {
    add(fmt::format("No layer's input has an outlier feature to speak of: the largest is {:.1f} times the median one.",
                    largest),
        {{"layers", std::int64_t{0}}, {"ratio", largest}});
  }
  if (massive > 0) {
    add(fmt::format(
            "Massive tokens, of which one value makes more than half, are in {} of {} layers, up to {:.1f} % of "
            "the tokens, in {}: one scale for all tokens is theirs, and the others lose what it lacks.",
            massive, model.layers.size(), most_massive, model.place(*where)),
        {{"layers", static_cast<std::int64_t>(massive)}, {"massive_tokens_pct", most_massive}});
  }
  if (weights > 0) {
    add(fmt::format("The weights of {} of {} layers have output channels {:.0f} times the median one or more: {}. They "
                    "want a scale for each channel.",
                    weights, model.layers.size(), outlier_ratio, in_weights),
        {{"layers", static_cast<std::int64_t>(weights)}});
  }
}

/// What a provider takes besides the product; a pass over the whole matrix for its scale is more than one a row.
int cost_of(const std::string& provider) {
  const auto has = [&](const char* word) { return provider.find(word) != std::string::npos; };
  return (has("channel-w") ? 1 : 0) + (has("token-a") ? 2 : 0) + (has("dyntensor-a") ? 3 : 0) + (has("-azp") ? 4 : 0);
}

bool smoothing_pays(const ProviderAccuracy& row) {
  return row.smoothed_worst_db && *row.smoothed_worst_db - row.worst_db >= worth_smoothing_db;
}

/// What it has with all that pays: smoothed, where that does.
double reached_worst(const ProviderAccuracy& row) {
  return smoothing_pays(row) ? *row.smoothed_worst_db : row.worst_db;
}
double reached_median(const ProviderAccuracy& row) {
  return smoothing_pays(row) ? row.smoothed_median_db.value_or(row.median_db) : row.median_db;
}

/// Of the providers of a type the cheapest that gets as far as any, to a decibel, at the worst layer and at the median.
const ProviderAccuracy* recommended(const ModelReport& model, const std::string& type) {
  double worst = -std::numeric_limits<double>::infinity(), middle = worst;
  std::vector<const ProviderAccuracy*> rows;
  for (const auto& row : model.providers) {
    if (!row.provider.starts_with(type)) continue;
    rows.push_back(&row);
    worst = std::max(worst, reached_worst(row));
    middle = std::max(middle, reached_median(row));
  }
  // Where none is the best of both, the worst layer counts.
  for (const double slack : {worth_db, std::numeric_limits<double>::infinity()}) {
    const ProviderAccuracy* best = nullptr;
    for (const auto* row : rows) {
      if (!(reached_worst(*row) >= worst - worth_db) || !(reached_median(*row) >= middle - slack)) continue;
      if (best == nullptr || cost_of(row->provider) < cost_of(best->provider)) best = row;
    }
    if (best != nullptr) return best;
  }
  return nullptr;
}

std::string alphas_of(const ProviderAccuracy& row) {
  if (!row.alpha_low || !row.alpha_high) return "";
  if (*row.alpha_low == *row.alpha_high) return fmt::format("α = {:.2g}", *row.alpha_low);
  return fmt::format("α from {:.2g} to {:.2g}", *row.alpha_low, *row.alpha_high);
}

void add_recommendation(std::vector<Advice>& out, const ModelReport& model, const ProviderAccuracy& row,
                        const char* type) {
  Advice advice = advice_on("scheme", model, row.provider);
  advice.text =
      fmt::format("In {} take {}: {} at the worst layer ({}), {} at the median.", type, printable(row.provider),
                  decibels(row.worst_db), model.place(row.worst), decibels(row.median_db));
  const double reached = reached_worst(row);
  if (smoothing_pays(row)) {
    advice.text += fmt::format(" Smooth it, with {}: then {} at the worst layer.", alphas_of(row), decibels(reached));
  }
  advice.text += fmt::format(" No other gets more than {:.0f} dB further there.", worth_db);
  if (reached < poor_db) {
    const LayerPlace& place = smoothing_pays(row) ? row.smoothed_worst : row.worst;
    advice.text += fmt::format(
        " In {} that is still more than a tenth of the product: leave it in bf16, or check the "
        "model's own quality.",
        model.place(place));
  }
  advice.numbers = {{"sqnr_db_worst", row.worst_db}, {"sqnr_db_median", row.median_db}};
  if (row.smoothed_worst_db) advice.numbers.emplace_back("smoothed_db_worst", *row.smoothed_worst_db);
  out.push_back(std::move(advice));
}

/// "free at qkv, gate_up (folded into the norm) and down (into up); at o it is a multiplication at run time".
std::string folding_of(const ModelReport& model, const std::string& provider) {
  std::map<std::string, std::set<std::string>> by_fold;
  for (const auto* layer : model.layers) {
    const SchemeAccuracy* scheme = scheme_of(*layer, provider);
    if (scheme == nullptr || !scheme->smoothed_db || !(*scheme->smoothed_db - scheme->sqnr_db >= worth_db)) continue;
    by_fold[layer->fold].insert(layer->layer);
  }
  std::string free, dear;
  for (const auto& [fold, layers] : by_fold) {
    std::string names;
    for (const auto& layer : layers) names += (names.empty() ? "" : ", ") + shorten(printable(layer), 32);
    if (fold.empty()) {
      dear = names;
    } else {
      free += (free.empty() ? "" : "; ") + names + " (folded into " + shorten(printable(fold), 32) + ")";
    }
  }
  std::string text;
  if (!free.empty()) text += " It costs nothing at run time at " + free + ".";
  if (!dear.empty())
    text += " At " + dear + " nothing takes the factors: there it is a multiplication of the activations.";
  return text;
}

void add_smoothing(std::vector<Advice>& out, const ModelReport& model, const ProviderAccuracy& row) {
  const auto gain = gain_of_smoothing(model, row.provider);
  if (!gain || !row.smoothed_worst_db) return;
  Advice advice = advice_on("smoothing", model, row.provider);
  if (gain->most_db < worth_db) {
    advice.text = fmt::format("{} needs no smoothing: with the best α a layer gains at most {:+.1f} dB.",
                              printable(row.provider), gain->most_db);
  } else {
    advice.text =
        fmt::format("Smoothing ({}) buys {} {:+.1f} dB", alphas_of(row), printable(row.provider), gain->median_db);
    if (model.layers.size() > 1) {
      advice.text +=
          fmt::format(" at the median layer and {:+.1f} dB in {}; the worst layer goes from {} to {}", gain->most_db,
                      model.place(*gain->most), decibels(row.worst_db), decibels(*row.smoothed_worst_db));
    }
    advice.text += "." + folding_of(model, row.provider);
  }
  advice.numbers = {{"gain_db_median", gain->median_db},
                    {"gain_db_most", gain->most_db},
                    {"smoothed_db_worst", *row.smoothed_worst_db}};
  if (row.alpha_low) advice.numbers.emplace_back("alpha_low", *row.alpha_low);
  if (row.alpha_high) advice.numbers.emplace_back("alpha_high", *row.alpha_high);
  out.push_back(std::move(advice));
}

void add_notes(std::vector<Advice>& out, const AccuracyReport& report, const ModelReport& model) {
  const auto note = [&](std::string text) {
    Advice advice = advice_on("note", model);
    advice.text = std::move(text);
    out.push_back(std::move(advice));
  };
  const bool random = std::any_of(model.layers.begin(), model.layers.end(),
                                  [](const LayerAccuracy* layer) { return layer->weights == "random"; });
  if (random) note("The weights were random: `qgemm accuracy --weights DIR` has the model's own.");
  if (report.activations.starts_with("random")) {
    note(
        "The activations were made up: examples/python/record_activations.py records a model's own for --activations.");
  }
  if (report.alphas.empty()) note("Smoothing was not tried: leave --smooth off out.");
  const bool stored = std::any_of(model.layers.begin(), model.layers.end(), [](const LayerAccuracy* layer) {
    return layer->weights == "s8" || layer->weights == "e4m3";
  });
  if (stored) {
    note(
        "The checkpoint has quantized its weights already: what that lost is not in these figures, and smoothing would "
        "have to come before it.");
  }
}

}  // namespace

std::vector<Advice> advise(const AccuracyReport& report) {
  std::vector<Advice> out;
  for (const auto& model : by_model(report)) {
    // What smoothing does is told of what is recommended, and of the cheapest scheme, which needs it most.
    std::vector<std::string> told{"int8-tensor-w-tensor-a"};
    for (const auto& [type, name] : {std::pair("int8", "INT8"), std::pair("fp8", "FP8")}) {
      const ProviderAccuracy* row = recommended(model, type);
      if (row == nullptr) continue;
      add_recommendation(out, model, *row, name);
      told.push_back(row->provider);
    }
    add_steps(out, model);
    add_losses(out, model);
    add_outliers(out, model);
    for (const auto& row : model.providers) {
      if (std::find(told.begin(), told.end(), row.provider) != told.end()) add_smoothing(out, model, row);
    }
    add_notes(out, report, model);
  }
  const auto done = static_cast<std::int64_t>(report.layers.size());
  if (done < report.planned) {
    Advice advice;
    advice.kind = "note";
    advice.text = fmt::format("Only {} of {} layers were looked at: it was stopped.", done, report.planned);
    advice.numbers = {{"layers", done}, {"planned", report.planned}};
    out.push_back(std::move(advice));
  }
  return out;
}

}  // namespace qgemm
