#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "advise/model_report.hpp"

namespace qgemm {
namespace {

/// Ten times the median: an int8 scale made for it leaves the median feature ±13 steps, some 23 dB less than it could.
constexpr double outlier_ratio = 10;
constexpr std::size_t most_named = 3;

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

}  // namespace

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

}  // namespace qgemm
