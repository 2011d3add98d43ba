#include "outliers/planned_layers.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "core/nearest.hpp"
#include "device/cpu_info.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

/// What has more was not meant so.
constexpr std::int64_t max_tokens = 1 << 20, max_decoder_layers = 100'000;
/// A scale of fewer tokens says more of these than of the model.
constexpr std::int64_t fewest_calibration = 32;

/// Tokens behind the tested ones that are wanted for calibration.
std::int64_t wanted_calibration(const AccuracyOptions& options) {
  return options.calibration_tokens >= 0 ? options.calibration_tokens : std::max(options.tokens, fewest_calibration);
}

void check_number(const char* flag, std::int64_t value, std::int64_t low, std::int64_t high) {
  if (value >= low && value <= high) return;
  throw InvalidInput(std::string(flag) + " is " + std::to_string(value) + ": give a whole number from " +
                     std::to_string(low) + " to " + std::to_string(high));
}

std::vector<double> parse_smooth(const std::string& text) {
  if (text == "off") return {};
  if (text == "auto") return {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9};
  double alpha = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), alpha);
  if (error != std::errc{} || end != text.data() + text.size() || !(alpha >= 0 && alpha <= 1)) {
    throw InvalidInput("--smooth is '" + text.substr(0, 64) +
                       "': give SmoothQuant's alpha, a number from 0 to 1, or auto, or off");
  }
  return {alpha};
}

std::int64_t parse_index(std::string_view text, const std::string& word) {
  std::int64_t index = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc{} || end != text.data() + text.size() || index < 0 || index >= max_decoder_layers) {
    throw InvalidInput("--decoder-layers has '" + word.substr(0, 64) +
                       "': give numbers from 0 on, ranges such as 0:31, or all");
  }
  return index;
}

std::vector<std::int64_t> decoder_layers_of(const AccuracyOptions& options, const Model& model) {
  std::vector<std::string> words = options.decoder_layers;
  if (words.empty()) words.emplace_back(options.weights.empty() ? "0" : "all");
  std::set<std::int64_t> chosen;
  for (const auto& word : words) {
    const std::size_t colon = word.find(':');
    std::int64_t first = 0, last = model.decoder_layers - 1;
    if (word == "all") {
      if (model.decoder_layers < 1) {
        throw InvalidInput(model.name + ": nothing tells how many decoder layers it has: name them with " +
                           "--decoder-layers, as 0:31");
      }
    } else if (colon == std::string::npos) {
      first = last = parse_index(word, word);
    } else {
      first = parse_index(std::string_view(word).substr(0, colon), word);
      last = parse_index(std::string_view(word).substr(colon + 1), word);
      if (first > last)
        throw InvalidInput("--decoder-layers has '" + word.substr(0, 64) + "', which ends before it begins");
    }
    if (model.decoder_layers > 0 && last >= model.decoder_layers) {
      throw InvalidInput(model.name + " has no decoder layer " + std::to_string(last) + "; they are 0 … " +
                         std::to_string(model.decoder_layers - 1));
    }
    check_number("--decoder-layers: the last", last, 0, max_decoder_layers - 1);
    for (std::int64_t index = first; index <= last; ++index) chosen.insert(index);
  }
  return {chosen.begin(), chosen.end()};
}

std::vector<std::string> chosen_providers(const std::vector<std::string>& patterns) {
  std::vector<std::string> defaults;
  const auto complete = [](const std::string& name) {
    return parse_provider(name).quantized() && !name.ends_with("-noquant");
  };
  for (const auto& name : all_providers()) {
    if (complete(name) && name.find("-dyntensor-") == std::string::npos) defaults.push_back(name);
  }
  std::vector<std::string> chosen = expand_providers(patterns, defaults);
  std::erase_if(chosen, [&](const auto& name) { return !complete(name); });
  if (chosen.empty()) {
    throw InvalidInput(
        "--providers names none that quantizes inside the call: name one such as int8-channel-w-token-a (bf16 and f32 "
        "quantize nothing, and -noquant has the same result as without)");
  }
  return chosen;
}

bool wanted(const AccuracyOptions& options, const Layer& layer) {
  // An expert's weights are not read, and its tokens not known; who names it, is told so.
  if (options.layers.empty()) return layer.experts == 0;
  return std::any_of(options.layers.begin(), options.layers.end(),
                     [&](const auto& pattern) { return matches_pattern(layer.name, pattern); });
}

void check_layer_names(const AccuracyOptions& options, const std::vector<Model>& models) {
  std::vector<std::string> known;
  for (const auto& model : models) {
    for (const auto& layer : model.layers) {
      if (std::find(known.begin(), known.end(), layer.name) == known.end()) known.push_back(layer.name);
    }
  }
  for (const auto& pattern : options.layers) {
    if (std::any_of(known.begin(), known.end(), [&](const auto& name) { return matches_pattern(name, pattern); }))
      continue;
    throw InvalidInput("no layer is named '" + pattern.substr(0, 64) + "': there are " + join_or(known));
  }
}

void check_k(const Layer& share, const std::vector<std::string>& providers, const std::vector<Scheme>& schemes) {
  for (std::size_t i = 0; i < schemes.size(); ++i) {
    if (share.k <= max_k(schemes[i])) continue;
    throw InvalidInput("layer " + share.name + ": K=" + std::to_string(share.k) + " is past " +
                       std::to_string(max_k(schemes[i])) + ", the largest K whose int32 sums cannot overflow for " +
                       providers[i]);
  }
}

void check_files(const AccuracyPlan& plan, const PlannedLayer& one, const AccuracyOptions& options) {
  const Model& model = plan.models[one.model];
  if (plan.weights) check_weight(*plan.weights, model, one.layer, one.decoder_layer, options.tp, options.rank);
  if (plan.activations) {
    const auto found =
        read_activations(*plan.activations, model, one.layer, one.decoder_layer, 1, options.tp, options.rank);
    split_tokens(options, found.tokens);
  }
}

/// What a layer takes at its most: its weights, its tokens in f32, smoothed and in every quantized form.
void check_fits(const Layer& share, const AccuracyOptions& options) {
  constexpr double bytes_of_weight = 4, bytes_of_token = 2 + 4 + 4 + 4 * (2 + 1) + 2 * 4, bytes_of_result = 40;
  const auto n = static_cast<double>(share.n), k = static_cast<double>(share.k);
  const auto tokens = static_cast<double>(options.tokens + wanted_calibration(options)),
             channels = std::min(static_cast<double>(options.channels), n);
  const double needed =
      k * (n * bytes_of_weight + (tokens + channels) * bytes_of_token) + tokens * channels * bytes_of_result;
  if (needed <= static_cast<double>(available_memory_bytes())) return;
  throw OutOfMemory("layer " + share.name + " with " + std::to_string(options.tokens) + " tokens takes about " +
                    std::to_string(static_cast<std::int64_t>(needed / 0x1p20)) +
                    " MiB, more than is available: give fewer --tokens, or --tp for one device's share");
}

void add_layers(AccuracyPlan& plan, std::size_t model_index, const AccuracyOptions& options) {
  const Model& model = plan.models[model_index];
  std::string left_out;
  for (const auto& layer : model.layers) {
    if (options.layers.empty() && layer.experts > 0) left_out += (left_out.empty() ? "" : ", ") + layer.name;
  }
  if (!left_out.empty()) {
    plan.notes.push_back(model.name + ": left out are the experts' layers (" + left_out +
                         "): which tokens each gets is known to a run alone.");
  }
  for (const std::int64_t index : decoder_layers_of(options, model)) {
    for (const auto& layer : model.layers) {
      if (!wanted(options, layer)) continue;
      PlannedLayer one{model_index, layer, split_layer(model, layer, options.tp), index};
      check_k(one.share, plan.providers, plan.schemes);
      check_fits(one.share, options);
      check_files(plan, one, options);
      plan.layers.push_back(std::move(one));
    }
  }
}

}  // namespace

TokenSplit split_tokens(const AccuracyOptions& options, std::int64_t available) {
  const std::int64_t wanted = wanted_calibration(options);
  if (wanted == 0) return {std::min(options.tokens, available), 0};
  if (available - wanted >= options.tokens) return {options.tokens, wanted};
  if (options.calibration_tokens < 0) {
    const std::int64_t half = available / 2;
    if (half < fewest_calibration) return {std::min(options.tokens, available), 0};
    return {std::min(options.tokens, available - half), half};
  }
  if (available <= wanted) {
    throw InvalidInput("--calibration-tokens is " + std::to_string(wanted) + ", and " + std::to_string(available) +
                       " were recorded, so that none is left to test: give fewer, or 0 to test those of calibration");
  }
  return {available - wanted, wanted};
}

AccuracyPlan plan_accuracy(const AccuracyOptions& options) {
  check_number("--tokens", options.tokens, 1, max_tokens);
  check_number("--calibration-tokens", options.calibration_tokens, -1, max_tokens);
  check_number("--channels", options.channels, 1, max_tokens);
  check_number("--tp", options.tp, 1, 1 << 20);
  check_number("--rank", options.rank, 0, options.tp - 1);
  AccuracyPlan plan;
  plan.data = parse_data_kind(options.data);
  plan.alphas = parse_smooth(options.smooth);
  plan.providers = chosen_providers(options.providers);
  for (const auto& provider : plan.providers) plan.schemes.push_back(parse_provider(provider));
  if (options.weights.empty()) {
    plan.models = select_models(load_models(models_folder()), options.models);
  } else {
    plan.models = {load_model_config(options.weights)};
    plan.weights.emplace(options.weights);
  }
  if (!options.activations.empty()) plan.activations.emplace(options.activations);
  check_layer_names(options, plan.models);
  for (std::size_t i = 0; i < plan.models.size(); ++i) add_layers(plan, i, options);
  if (plan.layers.empty()) {
    throw InvalidInput("no layer is left: the models have only experts' layers, which are not looked at");
  }
  return plan;
}

}  // namespace qgemm
