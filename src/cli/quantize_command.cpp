#include <fmt/core.h>

#include <memory>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/interrupt.hpp"
#include "cli/json_text.hpp"
#include "cli/whole_number.hpp"
#include "qgemm/error.hpp"
#include "qgemm/quantize_cost.hpp"
#include "run/select_testbed.hpp"

namespace qgemm::cli {
namespace {

void print_table(const std::vector<QuantizeCost>& costs) {
  fmt::print("{:>7} {:>7} {:<14} {:>11} {:>9} {:>8} {:<7} {:>15}\n", "M", "K", "scheme", "median µs", "± %", "GB/s",
             "in", "share of limit");
  for (const auto& cost : costs) {
    const std::string share = cost.limit_share > 0 ? fmt::format("{:.0f} %", 100 * cost.limit_share) : "–";
    fmt::print("{:>7} {:>7} {:<14} {:>10.2f} {:>8.2f} {:>8.1f} {:<7} {:>15}\n", cost.m, cost.k, cost.scheme,
               cost.median_us, cost.noise_pct, cost.gbps, cost.level, share);
  }
  fmt::print(
      "\nGB/s: input read once plus int8 written once, per median time of a call on the same buffers. in: the cache "
      "they\n"
      "fit, or memory. share of limit: of that level's measured copy bandwidth (qgemm limits).\n");
}

}  // namespace

void add_quantize(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("quantize", "The cost of quantizing activations alone");
  struct Arguments {
    QuantizeCostOptions options;
    std::string input = "bf16";
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  QuantizeCostOptions& options = arguments->options;
  command->add_option("--batch-sizes", options.batch_sizes, "M: rows to quantize")
      ->check(whole_number())
      ->capture_default_str();
  command->add_option("--widths", options.widths, "K: values a row")->check(whole_number())->capture_default_str();
  command
      ->add_option("--schemes", options.schemes,
                   "token, tensor (static scale), dyntensor, each with -azp too, and with fp8- before it on a GPU")
      ->capture_default_str();
  command->add_option("--input", arguments->input, "Type of the activations: bf16, f16 or f32")->capture_default_str();
  command->add_option("--device", options.device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  command->add_option("--threads", options.threads, "CPU threads; 0: one a physical core")->capture_default_str();
  command->add_option("--max-time", options.max_time, "Seconds of samples a row")->capture_default_str();
  command->add_option("--max-noise", options.max_noise, "Percent")->capture_default_str();
  command->add_option("--min-samples", options.min_samples, "At least so many samples")->capture_default_str();
  command->add_option("--seed", options.seed, "Seed of the activations")
      ->check(unsigned_number())
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "Print JSON");
  command->callback([arguments, &exit_code] {
    const Interrupt interrupt;
    arguments->options.input = parse_dtype(arguments->input);
    if (arguments->options.threads < 0) {
      throw InvalidInput(
          fmt::format("--threads is {}: give a number from 0 (one a physical core)", arguments->options.threads));
    }
    check(arguments->options);  // before the limits, which take their time
    SweepOptions device;
    device.device = arguments->options.device;
    device.threads = arguments->options.threads;
    const auto limits = [&device] {
      const auto [testbed, note] = select_testbed(device);
      if (!note.empty()) fmt::print(stderr, "{}\n", note);
      return testbed->limits();
    }();
    const auto costs = measure_quantize_cost(arguments->options, limits, interrupt.flag());
    if (arguments->json) {
      print_json(costs, limits);
    } else {
      print_table(costs);
    }
    exit_code = interrupt.seen() ? interrupted : success;
  });
}

}  // namespace qgemm::cli
