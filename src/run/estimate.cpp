#include "run/estimate.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "device/cpu_info.hpp"
#include "run/roofline.hpp"

namespace qgemm {
namespace {

/// TFLOP/s a core and GB/s a thread, roughly: see the docs' measurements for what real machines do.
double core_tflops(const GemmSpec& spec, const std::string& engine) {
  if (engine == "reference") return spec.scheme.integer() ? 0.004 : 0.001;
  const CpuFeatures& cpu = cpu_features();
  if (spec.scheme.integer()) return cpu.avx512_vnni ? 0.5 : 0.15;
  if (spec.scheme.weight == DType::bf16) return cpu.avx512_bf16 ? 0.08 : 0.04;
  return cpu.avx512 ? 0.13 : 0.07;
}

constexpr double thread_gbps = 12;

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

std::string number(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

int weight_sets(CacheState cache, std::int64_t packed_bytes, std::int64_t cache_bytes) {
  if (cache == CacheState::hot || packed_bytes <= 0) return 1;
  return static_cast<int>(std::clamp<std::int64_t>(2 * cache_bytes / packed_bytes + 1, 1, 4096));
}

double estimated_call_seconds(const GemmSpec& spec, const std::string& engine, int threads) {
  const double compute = spec.shape.flops() * 1e-12 / (core_tflops(spec, engine) * threads);
  const double move = static_cast<double>(moved_bytes(spec)) * 1e-9 / (thread_gbps * std::min(threads, 16));
  return std::max(compute, move);
}

double estimated_row_seconds(const GemmSpec& spec, const std::string& engine, int threads,
                             const SweepOptions& options) {
  const double call = estimated_call_seconds(spec, engine, threads);
  const double check = 10e-9 * static_cast<double>(spec.shape.m * spec.shape.n) + 0.02;
  const double sampling = std::max(options.max_time, call * options.min_samples);
  return sampling + 3 * call + check;
}

std::string repro_command(const Case& c, const std::string& engine, const SweepOptions& options) {
  std::string command = "qgemm bench";
  if (!options.shapes.empty()) {
    append_list(command, "--shapes", to_string(c.spec.shape));
  } else {
    // The option that selected the model may have been a path; its own name finds it only in the catalogue.
    const bool by_path = options.models.size() == 1 && options.models[0].find(".json") != std::string::npos;
    append_list(command, "--models", shell_word(by_path ? options.models[0] : c.model));
    append_list(command, "--tp-sizes", std::to_string(c.tp));
    append_list(command, "--layers", shell_word(c.layer));
    append_list(command, "--batch-sizes", std::to_string(c.spec.shape.m));
  }
  append_list(command, "--providers", c.provider);
  append_list(command, "--engines", engine);
  append_list(command, "--cache", std::string(name(c.cache)));
  const SweepOptions defaults;
  if (options.threads != defaults.threads) append_list(command, "--threads", std::to_string(options.threads));
  if (options.scales != defaults.scales) append_list(command, "--scales", options.scales);
  if (options.data != defaults.data) append_list(command, "--data", options.data);
  if (options.output != defaults.output) append_list(command, "--output", std::string(name(options.output)));
  if (options.bias) command += " --bias";
  if (options.max_time != defaults.max_time) append_list(command, "--max-time", number(options.max_time));
  if (options.max_noise != defaults.max_noise) append_list(command, "--max-noise", number(options.max_noise));
  if (options.min_samples != defaults.min_samples)
    append_list(command, "--min-samples", std::to_string(options.min_samples));
  append_list(command, "--seed", std::to_string(options.seed));
  return command;
}

}  // namespace qgemm
