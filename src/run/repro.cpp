#include "run/repro.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace qgemm {
namespace {

void append_list(std::string& command, const char* flag, const std::string& value) {
  command += std::string(" ") + flag + " " + value;
}

/// A word a shell takes as it is, quoted where needed.
std::string shell_word(const std::string& text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_./:=,+@%").find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

void append_layer(std::string& command, const Case& c) {
  append_list(command, "--tp-sizes", std::to_string(c.tp));
  append_list(command, "--layers", shell_word(c.layer));
  append_list(command, "--batch-sizes", std::to_string(c.batch > 0 ? c.batch : c.spec.shape.m));
}

std::string number(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

std::string repro_command(const Case& c, const Result& row, const SweepOptions& options) {
  std::string command = "qgemm bench";
  if (!options.shapes.empty()) {
    append_list(command, "--shapes", to_string(c.spec.shape));
  } else if (!options.weights.empty()) {
    append_list(command, "--weights", shell_word(options.weights));
    if (options.decoder_layer >= 0) append_list(command, "--decoder-layer", std::to_string(options.decoder_layer));
    append_list(command, "--rank", std::to_string(options.rank));
    if (!options.activations.empty()) append_list(command, "--activations", shell_word(options.activations));
    append_layer(command, c);
  } else {
    // The option that selected the model may have been a path; its own name finds it only in the catalogue.
    std::error_code error;
    const bool by_path = options.models.size() == 1 && std::filesystem::exists(options.models[0], error);
    append_list(command, "--models", shell_word(by_path ? options.models[0] : c.model));
    append_layer(command, c);
    if (options.lm_head) command += " --lm-head";
  }
  append_list(command, "--providers", c.provider);
  append_list(command, "--engines", row.engine == "none" ? "auto" : row.engine);
  const bool external =
      std::find(options.external.begin(), options.external.end(), row.engine) != options.external.end();
  if (external) append_list(command, "--external", shell_word(row.engine));
  // Its choice is found by trying, and trying may end otherwise next time.
  const std::string& kernel = row.engine == "cutlass" && !row.kernel.empty() ? row.kernel : options.kernel;
  if (!kernel.empty()) append_list(command, "--kernel", shell_word(kernel));
  append_list(command, "--cache", std::string(name(c.cache)));
  const SweepOptions defaults;
  if (options.device != defaults.device) append_list(command, "--device", shell_word(options.device));
  if (options.threads != defaults.threads) append_list(command, "--threads", std::to_string(options.threads));
  if (options.cold_factor != defaults.cold_factor && c.cache == CacheState::cold)
    append_list(command, "--cold-factor", number(options.cold_factor));
  if (options.scales != defaults.scales) append_list(command, "--scales", options.scales);
  if (!options.data.empty() && options.data != (options.weights.empty() ? "normal" : "outlier"))
    append_list(command, "--data", options.data);
  if (options.output != defaults.output) append_list(command, "--output", std::string(name(options.output)));
  if (options.bias) command += " --bias";
  if (options.max_time != defaults.max_time) append_list(command, "--max-time", number(options.max_time));
  if (options.max_noise != defaults.max_noise) append_list(command, "--max-noise", number(options.max_noise));
  if (options.min_samples != defaults.min_samples)
    append_list(command, "--min-samples", std::to_string(options.min_samples));
  if (options.timer != defaults.timer) append_list(command, "--timer", options.timer);
  append_list(command, "--seed", std::to_string(options.seed));
  return command;
}

}  // namespace qgemm
