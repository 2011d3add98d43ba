#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "advise/advice_parts.hpp"
#include "advise/model_report.hpp"
#include "qgemm/accuracy.hpp"
#include "report/figures.hpp"
#include "report/printable.hpp"

namespace qgemm {
namespace {

/// What gains less is no reason for anything: a quarter more noise in power, a tenth more in size.
constexpr double worth_db = 1;
/// What smoothing has to gain at the worst layer to be recommended: half the noise in power.
constexpr double worth_smoothing_db = 3;

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
      free += (free.empty() ? "" : "; ") + names + " (folded into " + shorten(printable(fold), 32) +
              (fold == "one norm" ? ", where all of them have to take the same factors)" : ")");
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
  const bool same = std::any_of(model.layers.begin(), model.layers.end(),
                                [](const LayerAccuracy* layer) { return layer->calibration_tokens == 0; });
  if (same) {
    note(
        "Scales that are given ahead (`tensor-a`) and smoothing were calibrated on the tested tokens themselves, which "
        "flatters them: with 64 tokens or more, others are kept for that.");
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
