#include "kernel_times_options.hpp"

#include <CLI/CLI.hpp>
#include <cstddef>

namespace qgemm::bench {
namespace {

/// "4096:14336"
std::pair<int, int> layer_of(const std::string& text) {
  try {
    const std::size_t colon = text.find(':');
    std::size_t n_end = 0, k_end = 0;
    const std::string k = colon == std::string::npos ? "" : text.substr(colon + 1);
    const std::pair<int, int> layer{std::stoi(text, &n_end), std::stoi(k, &k_end)};
    if (n_end == colon && k_end == k.size() && layer.first > 0 && layer.second > 0) return layer;
  } catch (const std::logic_error&) {  // no number, or too large a one
  }
  throw CLI::ValidationError("--layers", text + " is no layer: give N:K, such as 4096:14336");
}

}  // namespace

std::optional<KernelTimesOptions> parse_kernel_times(int argc, char** argv, int& exit_code) {
  KernelTimesOptions options;
  std::string type = "int8", cache = "hot", calls = "product", weights = "chosen";
  std::vector<std::string> layers;
  CLI::App app("Every kernel that this GPU runs, timed at the shapes given");
  app.add_option("--type", type)->check(CLI::IsMember({"int8", "fp8"}))->capture_default_str();
  app.add_option("--cache", cache)->check(CLI::IsMember({"hot", "cold"}))->capture_default_str();
  app.add_option("--layers", layers, "N:K,… [Llama-3.1-8B's]")->delimiter(',');
  app.add_option("--m", options.m, "M,…")->delimiter(',')->check(CLI::Range(1, 1 << 20))->capture_default_str();
  app.add_option("--kernels", options.kernels, "Those whose name has one of these texts in it")->delimiter(',');
  app.add_option(
         "--ms", options.ms,
         "A burst: how long a kernel runs without a break. 2 compare kernels at the clock of their mixture, 100 "
         "at the clock that each one's own power leaves it")
      ->check(CLI::Range(0.01, 10'000.0))
      ->capture_default_str();
  app.add_option("--rounds", options.rounds)->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_option("--top", options.top, "How many are printed a shape")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  app.add_option("--calls", calls,
                 "dynamic: calls that quantize bf16 activations per token, too: each kernel's product with "
                 "quantization before it or beside it, and the kernels that quantize by themselves")
      ->check(CLI::IsMember({"product", "dynamic"}))
      ->capture_default_str();
  app.add_option(
         "--weights", weights,
         "Streamed (the first to leave L2) where the engine would stream them, or both ways, and the fastest of "
         "each printed last")
      ->check(CLI::IsMember({"chosen", "both"}))
      ->capture_default_str();
  app.add_option(
      "--csv", options.csv,
      "A file: a line a shape and a column a kernel, microseconds of its product in its best order of tiles, "
      "empty where it is no candidate");
  try {
    app.parse(argc, argv);
    if (!layers.empty()) options.layers.clear();
    for (const auto& layer : layers) options.layers.push_back(layer_of(layer));
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : 2;
    return std::nullopt;
  }
  options.fp8 = type == "fp8";
  options.cold = cache == "cold";
  options.dynamic = calls == "dynamic";
  options.both_weights = weights == "both";
  return options;
}

}  // namespace qgemm::bench
