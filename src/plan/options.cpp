#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "core/nearest.hpp"
#include "qgemm/error.hpp"
#include "qgemm/sweep.hpp"

namespace qgemm {
namespace {

/// No dimension of a real model comes near this; a number past it is a slip, and its products would overflow.
constexpr std::int64_t max_dimension = std::int64_t{1} << 24U;
constexpr std::int64_t max_tp = 1024;

void check_range(const char* flag, double value, double low, double high) {
  if (value >= low && value <= high) return;
  const auto text = [](double x) {
    std::string digits = std::to_string(x);
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
    return digits;
  };
  throw InvalidInput(std::string(flag) + " is " + text(value) + ": give a number from " + text(low) + " to " +
                     text(high));
}

void check_dimension(const char* flag, std::int64_t value) {
  if (value >= 1 && value <= max_dimension) return;
  throw InvalidInput(std::string(flag) + " has " + std::to_string(value) + ": give whole numbers from 1 to " +
                     std::to_string(max_dimension));
}

void check_word(const char* flag, const std::string& value, const std::vector<std::string>& words) {
  for (const auto& word : words) {
    if (value == word) return;
  }
  throw InvalidInput(std::string(flag) + " is '" + value.substr(0, 64) + "': use " + join_or(words));
}

/// What says which weights are measured says it once.
void check_weights(const SweepOptions& options) {
  if (options.weights.empty()) {
    const char* lost = options.decoder_layer != -1    ? "--decoder-layer"
                       : options.rank != 0            ? "--rank"
                       : !options.activations.empty() ? "--activations"
                                                      : nullptr;
    if (lost != nullptr) throw InvalidInput(std::string(lost) + " is of a checkpoint: name one with --weights");
    return;
  }
  if (options.models != SweepOptions().models || !options.shapes.empty()) {
    throw InvalidInput(std::string(options.shapes.empty() ? "--models" : "--shapes") +
                       " and --weights both say what to measure: give one of them");
  }
  if (options.lm_head) throw InvalidInput("--lm-head is not read from a checkpoint: leave it or --weights out");
  if (options.data == "zeros") throw InvalidInput("--data zeros and --weights say two things: leave one of them out");
  if (options.decoder_layer < -1) {
    throw InvalidInput("--decoder-layer is " + std::to_string(options.decoder_layer) + ": they are counted from 0 on");
  }
  for (const auto tp : options.tp_sizes) {
    if (options.rank >= 0 && options.rank < tp) continue;
    throw InvalidInput("--rank is " + std::to_string(options.rank) + ": TP " + std::to_string(tp) + " has 0" +
                       (tp > 1 ? " … " + std::to_string(tp - 1) : " alone"));
  }
}

}  // namespace

std::string data_of(const SweepOptions& options) {
  if (!options.data.empty()) return options.data;
  return options.weights.empty() ? "normal" : "outlier";
}

std::vector<std::int64_t> parse_scan(const std::string& text) {
  constexpr std::int64_t most_sizes = 4096;
  const std::string named = "--scan-m is '" + text.substr(0, 64) + "': ";
  std::vector<std::int64_t> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(':', begin), text.size());
    std::int64_t value = 0;
    const auto [rest, error] = std::from_chars(text.data() + begin, text.data() + end, value);
    if (error != std::errc{} || rest != text.data() + end) value = 0;
    parts.push_back(value);
    begin = end + 1;
  }
  const bool whole = std::all_of(parts.begin(), parts.end(), [](auto part) { return part >= 1; });
  if (!whole || parts.size() < 2 || parts.size() > 3) {
    throw InvalidInput(named + "give FROM:TO or FROM:TO:STEP in whole numbers from 1, such as 1:256");
  }
  const std::int64_t from = parts[0], to = parts[1], step = parts.size() == 3 ? parts[2] : 1;
  if (from > to) throw InvalidInput(named + "put the smaller M first");
  if (to > max_dimension) throw InvalidInput(named + "give M up to " + std::to_string(max_dimension));
  const std::int64_t count = (to - from) / step + 1;
  if (count > most_sizes) {
    throw InvalidInput(named + "these are " + std::to_string(count) + " sizes, give a STEP that leaves at most " +
                       std::to_string(most_sizes));
  }
  std::vector<std::int64_t> sizes;
  for (std::int64_t i = 0; i < count; ++i) sizes.push_back(from + i * step);
  return sizes;
}

void check(const SweepOptions& options) {
  if (options.shapes.empty() && options.models.empty())
    throw InvalidInput("no model is selected: name one with --models");
  for (const auto tp : options.tp_sizes) {
    if (tp < 1 || tp > max_tp) {
      throw InvalidInput("--tp-sizes has " + std::to_string(tp) + ": give whole numbers from 1 to " +
                         std::to_string(max_tp));
    }
  }
  if (options.tp_sizes.empty()) throw InvalidInput("--tp-sizes is empty: give whole numbers from 1");
  for (const auto m : options.batch_sizes) check_dimension("--batch-sizes", m);
  if (!options.scan_m.empty()) {
    if (!options.batch_sizes.empty()) {
      throw InvalidInput("--scan-m and --batch-sizes both say which M to measure: give one of them");
    }
    if (!options.shapes.empty()) {
      throw InvalidInput("--shapes says which M to measure, and so does --scan-m: scan --models instead");
    }
    parse_scan(options.scan_m);
  }
  for (const auto& shape : options.shapes) {
    for (const auto dimension : {shape.m, shape.n, shape.k}) check_dimension("--shapes", dimension);
  }
  if (options.providers.empty()) throw InvalidInput("--providers is empty: name some, or use default or all");
  if (options.engines.empty()) throw InvalidInput("--engines is empty: name some, or use auto or all");
  if (options.threads < 0) check_range("--threads", options.threads, 0, 4096);
  check_word("--scales", options.scales, {"absmax", "constant"});
  if (!options.data.empty()) check_word("--data", options.data, {"normal", "outlier", "zeros"});
  check_weights(options);
  check_word("--timer", options.timer, {"interleaved", "reference"});
  if (options.timer == "reference" && options.device == "cpu") {
    throw InvalidInput("--timer reference replays CUDA graphs: use it with --device cuda");
  }
  if (options.output != DType::bf16 && options.output != DType::f16 && options.output != DType::f32) {
    throw InvalidInput("--output is " + std::string(name(options.output)) + ": use bf16, f16 or f32");
  }
  if (options.max_time != 0) check_range("--max-time", options.max_time, 0.001, 3600);
  if (options.cold_factor != 0) check_range("--cold-factor", options.cold_factor, 0.01, 1000);
  check_range("--max-noise", options.max_noise, 0.001, 100);
  check_range("--max-memory", options.max_memory, 0, 1 << 20);
  check_range("--min-samples", options.min_samples, 1, 1'000'000);
}

Properties to_properties(const SweepOptions& options) {
  std::vector<std::string> shapes, caches;
  for (const auto& shape : options.shapes) shapes.push_back(to_string(shape));
  for (const auto cache : options.cache) caches.emplace_back(name(cache));
  const bool stored = !options.weights.empty();
  return {{"models", stored ? std::vector<std::string>{} : options.models},
          {"weights", options.weights},
          {"decoder-layer", options.decoder_layer},
          {"rank", options.rank},
          {"activations", options.activations},
          {"tp-sizes", options.tp_sizes},
          {"layers", options.layers},
          {"lm-head", options.lm_head},
          {"batch-sizes", options.batch_sizes},
          {"scan-m", options.scan_m},
          {"shapes", shapes},
          {"providers", options.providers},
          {"engines", options.engines},
          {"external", options.external},
          {"kernel", options.kernel},
          {"device", options.device},
          {"threads", std::int64_t{options.threads}},
          {"cache", caches},
          {"cold-factor", options.cold_factor},
          {"scales", options.scales},
          {"data", data_of(options)},
          {"output", std::string(name(options.output))},
          {"bias", options.bias},
          {"quick", options.quick},
          {"no-limits", options.no_limits},
          {"max-time", options.max_time},
          {"max-noise", options.max_noise},
          {"min-samples", std::int64_t{options.min_samples}},
          {"timer", options.timer},
          {"max-memory", options.max_memory},
          {"seed", static_cast<std::int64_t>(options.seed)}};
}

}  // namespace qgemm
