#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "advise/advice_parts.hpp"
#include "core/properties.hpp"
#include "report/figures.hpp"
#include "report/layer_table.hpp"
#include "report/printable.hpp"

namespace qgemm {
namespace {

/// A scheme this far behind another one of the same speed class is worth a word: four times the error in power.
constexpr double far_behind_db = 6;

struct Accuracy {
  std::string provider;
  double worst = 0, middle = 0;
};

std::optional<Accuracy> accuracy_of(const PointTimes& times, const std::string& provider) {
  std::vector<double> found;
  for (const auto& layer : times.layers) {
    for (const std::int64_t m : times.sizes) {
      const Result* row = times.row(layer, m, provider);
      if (row != nullptr && row->sqnr_db && !std::isnan(*row->sqnr_db)) found.push_back(*row->sqnr_db);
    }
  }
  if (found.empty()) return std::nullopt;
  return Accuracy{provider, *std::min_element(found.begin(), found.end()), *median(found)};
}

std::string data_of(const Context& context) {
  const Value* value = find_property(context.options, "data");
  const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
  return text == nullptr ? "" : printable(*text);
}

}  // namespace

void add_accuracy_advice(std::vector<Advice>& out, const PointTimes& times, const ResultSet& results) {
  const std::string data = data_of(results.context);
  std::optional<Accuracy> best;
  std::vector<Accuracy> quantized;
  for (const auto& provider : times.providers) {
    if (family_of(provider) == Family::baseline || !is_complete(provider)) continue;
    const auto accuracy = accuracy_of(times, provider);
    if (!accuracy) continue;
    quantized.push_back(*accuracy);
    if (!best || accuracy->middle > best->middle) best = accuracy;
  }
  for (const auto& accuracy : quantized) {
    Advice advice = advice_on("accuracy", times, "", accuracy.provider);
    advice.text =
        fmt::format("{}: SQNR {} dB, an error of {:.1f} % of the product's size", printable(accuracy.provider),
                    format_decibel(accuracy.middle), error_pct(accuracy.middle));
    if (accuracy.worst < accuracy.middle - 1)
      advice.text += fmt::format(", {} dB at worst", format_decibel(accuracy.worst));
    if (accuracy.worst < poor_db) {
      advice.text += ". Warning: that is more than a tenth; check the model's own quality before using it";
    } else if (best->middle - accuracy.middle > far_behind_db) {
      advice.text += fmt::format("; {} has {} dB", printable(best->provider), format_decibel(best->middle));
    }
    advice.text += ".";
    advice.numbers = {{"sqnr_db_median", accuracy.middle},
                      {"sqnr_db_worst", accuracy.worst},
                      {"error_pct", error_pct(accuracy.middle)}};
    out.push_back(std::move(advice));
  }
  if (!quantized.empty() && data == "normal") {
    Advice advice = advice_on("note", times);
    advice.text =
        "The operands were normally distributed; activations of language models have outliers, which cost one "
        "scale for a whole matrix most: measure with `qgemm bench --data outlier`.";
    out.push_back(std::move(advice));
  }
}

}  // namespace qgemm
