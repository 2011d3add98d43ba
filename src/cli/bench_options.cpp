#include "cli/bench_options.hpp"

#include <algorithm>

#include "cli/shape_options.hpp"
#include "cli/whole_number.hpp"

namespace qgemm::cli {
namespace {

/// A word for a shell that is to take it as it is.
std::string quoted(const std::string& word) {
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

void add_bench_options(CLI::App& command, BenchOptions& bench) {
  SweepOptions& sweep = bench.sweep;
  const auto list = [&](const char* flag, auto& values, const char* help) {
    return command.add_option(flag, values, help)->capture_default_str();
  };
  command.add_option(
      "--config", bench.config,
      "Read flags from a TOML file (their names without dashes, as in results.json); flags given here win");
  add_shape_options(command, sweep, bench.shapes,
                    "M: tokens in a batch [1 16 64 128 256 512 1024, on a GPU 2048 4096 8192 16384 too]");
  list("--weights", sweep.weights,
       "A model with its weights in place of --models: a folder with config.json and safetensors files");
  list("--decoder-layer", sweep.decoder_layer, "Of --weights: which one, from 0 on; -1: the middle one");
  list("--rank", sweep.rank, "Of --weights: which of the TP devices' shares");
  list(
      "--activations", sweep.activations,
      "Of --weights: a safetensors file with what goes into its layers (tensors layers.<index>.<layer>) [random ones]");
  command.add_flag("--lm-head", sweep.lm_head, "The logits' product, too, of models from a config.json");
  list("--scan-m", sweep.scan_m, "FROM:TO[:STEP]: each M from FROM to TO in place of --batch-sizes, to find cliffs");
  list("--providers", sweep.providers, "Names, * patterns, default, all (see qgemm list providers)");
  list("--engines", sweep.engines, "auto (the best for each provider), names, or all");
  list("--external", sweep.external,
       "Other libraries' products beside them, by Python: torch, torchao, vllm (see docs/python.md)");
  list("--kernel", sweep.kernel, "Of the engine cutlass only this kernel, as rows name it [its choice for each shape]");
  list("--device", sweep.device, "auto (the first GPU that works, else the CPU), cpu, cuda or cuda:N");
  list("--threads", sweep.threads, "CPU threads; 0: one a physical core the process may use");
  list("--cache", bench.cache, "hot, cold or both [cold on a CPU, hot on a GPU]")->delimiter(',');
  list("--cold-factor", sweep.cold_factor,
       "Cold operands rotate over more than this many times the last-level cache; 0: 4 on a CPU, 2 on a GPU");
  list("--scales", sweep.scales, "absmax, or the reference's constant 1.0 for per-tensor scales");
  list("--data", sweep.data, "Random operands: normal, outlier or zeros [normal; outlier beside --weights]");
  list("--output", bench.output, "Type of the product: bf16, f16 or f32 (f32's own product is always f32)");
  command.add_flag("--bias", sweep.bias, "Add a bias, one value an output channel");
  command.add_flag("--quick", sweep.quick, "A short list of batch sizes");
  command.add_flag("--no-limits", sweep.no_limits,
                   "Do not measure the device's peaks first: no row has its share of the limit then");
  command.add_flag("--fresh-limits", bench.fresh_limits,
                   "Measure the device's peaks, also where those that an earlier run kept still hold good");
  list("--out", bench.out, "Folder for the results [qgemm-results/<date>-<device>]; never overwrites");
  command.add_flag("--resume", bench.resume, "Go on with the run in --out: measure only what is missing");
  list("--max-time", sweep.max_time, "Seconds of samples a row; 0: 0.6 on a CPU, 0.018 on a GPU");
  list("--max-noise", sweep.max_noise, "Percent: enough samples once the median is known to ± this (95 %)");
  list("--min-samples", sweep.min_samples, "At least so many samples a row");
  list("--timer", sweep.timer,
       "interleaved, or the reference's: one provider after the other, 10 replays of a 20 ms CUDA graph");
  list("--max-memory", sweep.max_memory, "GiB the sweep may use; 0: what the system has available");
  list("--seed", sweep.seed, "Seed of operands, samples and order")->check(unsigned_number());
  command.add_flag("--plan", bench.plan_only, "Print the sweep with its memory and time; measure nothing");
  command.add_flag("--no-plots", bench.no_plots, "No PNG files");
  command.add_flag("--no-history", bench.no_history, "Do not add the run to the history (see qgemm history)");
  command.add_flag("--quiet", bench.quiet, "No progress on stderr");
}

void read_texts(BenchOptions& bench) {
  bench.sweep.shapes = parse_shapes(bench.shapes);
  bench.sweep.cache.clear();
  for (const auto& text : bench.cache) bench.sweep.cache.push_back(parse_cache_state(text));
  bench.sweep.output = parse_dtype(bench.output);
}

std::string command_line(const std::vector<std::string>& arguments) {
  std::string line;
  for (const auto& word : arguments) {
    const bool plain = !word.empty() && word.find_first_of(" \t\n'\"\\$`*?[]{}()<>|&;!#~") == std::string::npos;
    line += (line.empty() ? "" : " ") + (plain ? word : quoted(word));
  }
  return line;
}

}  // namespace qgemm::cli
