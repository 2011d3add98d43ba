#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/shape_options.hpp"
#include "qgemm/tune.hpp"

namespace qgemm::cli {
namespace {

const char* type_name(DType input) { return input == DType::s8 ? "int8" : "fp8"; }

/// A line a product, since each takes seconds.
class TuneProgress final : public TuneObserver {
 public:
  explicit TuneProgress(bool quiet) : lines_(quiet) {}

  void started(const TuneSummary& so_far, std::int64_t to_measure) override {
    std::string line =
        fmt::format("tuning {} for {} products; choices go to {}", so_far.gpu, to_measure, so_far.file.string());
    if (so_far.skipped > 0) line += fmt::format(", which has {} already (--again measures them too)", so_far.skipped);
    lines_.note(line);
    started_ = Clock::now();
  }
  void finished(const TunedShape& shape, std::int64_t done, std::int64_t to_measure) override {
    const double seconds = std::chrono::duration<double>(Clock::now() - started_).count();
    const double left = seconds / static_cast<double>(done) * static_cast<double>(to_measure - done);
    std::string found = shape.message;
    if (found.empty()) {
      found = fmt::format("hot {:.2f} µs, {}; cold {:.2f} µs, {}; {} tried", shape.hot.us, shape.hot.kernel,
                          shape.cold.us, shape.cold.kernel, shape.tried);
    }
    lines_.note(fmt::format("{} of {}, about {} left: {} {}: {}", done, to_measure, duration_text(left),
                            type_name(shape.input), to_string(shape.shape), found));
  }

 private:
  using Clock = std::chrono::steady_clock;
  Progress lines_;
  Clock::time_point started_;
};

/// A line of the table: what was chosen for a cache state, or why nothing was for either.
void print_row(const TunedShape& row, CacheState cache) {
  const auto& [m, n, k] = row.shape;
  const bool chosen = row.message.empty();
  const TunedKernel& found = row.of(cache);
  const std::string us = chosen ? fmt::format("{:.2f}", found.us) : "–";
  const std::string before = found.before_us ? fmt::format("{:.2f}", *found.before_us) : "–";
  fmt::print("{:<5} {:>7} {:>7} {:>7}  {:<5} {:>11} {:>11} {:>6}  {}\n", type_name(row.input), m, n, k,
             chosen ? name(cache) : "–", us, before, row.tried, chosen ? found.kernel : row.message);
}

void print_summary(const TuneSummary& summary) {
  if (!summary.shapes.empty()) {
    fmt::print("{:<5} {:>7} {:>7} {:>7}  {:<5} {:>11} {:>11} {:>6}  {}\n", "type", "M", "N", "K", "cache", "µs",
               "before", "tried", "kernel");
  }
  for (const auto& row : summary.shapes) {
    print_row(row, CacheState::hot);
    if (row.message.empty()) print_row(row, CacheState::cold);
  }
  if (!summary.shapes.empty()) {
    fmt::print(
        "\nµs: of the fastest, as it was chosen; before: of what the tables named until now, measured beside it. They\n"
        "compare choices; qgemm bench measures a product by itself.\n\n");
  }
  const auto tuned = std::count_if(summary.shapes.begin(), summary.shapes.end(),
                                   [](const TunedShape& shape) { return shape.message.empty(); });
  const auto refused = static_cast<std::int64_t>(summary.shapes.size()) - tuned;
  fmt::print("{} products tuned on {}", tuned, summary.gpu);
  if (refused > 0) fmt::print(", {} could not be", refused);
  if (summary.skipped > 0) fmt::print(", {} were tuned before", summary.skipped);
  fmt::print("\ntable    {}\n", summary.file.string());
}

}  // namespace

void add_tune(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("tune", "Find and save the fastest kernels for a model's shapes on this GPU");
  struct Arguments {
    TuneOptions options;
    std::vector<std::string> shapes;
    std::string out;
    bool quiet = false;
  };
  auto arguments = std::make_shared<Arguments>();
  TuneOptions& options = arguments->options;
  add_shape_options(*command, options, arguments->shapes,
                    "M: tokens in a batch [1 16 64 128 256 512 1024 2048 4096 8192 16384]");
  command->add_option("--types", options.types, "int8, fp8 or both [what the GPU has kernels for]");
  command->add_option("--device", options.device, "auto (the first GPU that works), cuda or cuda:N")
      ->capture_default_str();
  command->add_option("--out", arguments->out, "The table's file [this GPU's in the cache folder, which bench reads]");
  command->add_flag("--again", options.again, "Measure what the table has already, too");
  command->add_flag("--quiet", arguments->quiet, "No progress on stderr");
  command->callback([arguments, &exit_code] {
    const Interrupt interrupt;
    TuneOptions& wanted = arguments->options;
    wanted.shapes = parse_shapes(arguments->shapes);
    wanted.out = arguments->out;
    TuneProgress progress(arguments->quiet);
    const TuneSummary summary = tune(wanted, &progress, interrupt.flag());
    print_summary(summary);
    if (summary.left > 0) {
      fmt::print("Interrupted; the same command{} goes on with the {} left\n", wanted.again ? " without --again" : "",
                 summary.left);
    }
    exit_code = interrupt.seen() ? interrupted : success;
  });
}

}  // namespace qgemm::cli
