#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "cli/bench_options.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/whole_number.hpp"
#include "qgemm/accuracy.hpp"
#include "qgemm/error.hpp"
#include "qgemm/results.hpp"
#include "run/describe_run.hpp"

namespace qgemm::cli {
namespace {

struct AccuracyArguments {
  AccuracyOptions options;
  std::string weights, activations, format = "table", out;
  bool quiet = false;
};

class ShownProgress : public AccuracyObserver {
 public:
  explicit ShownProgress(bool quiet) : progress_(quiet, "layers") {}
  void progress(const LayerAccuracy& /*layer*/, std::int64_t done, std::int64_t layers, double seconds_left) override {
    progress_.update(done, layers, seconds_left);
  }
  void finish() { progress_.finish(); }

 private:
  Progress progress_;
};

void check_format(const std::string& format) {
  for (const char* known : {"table", "json", "csv", "markdown"}) {
    if (format == known) return;
  }
  throw InvalidInput("--format is '" + format.substr(0, 64) + "': use table, json, csv or markdown");
}

/// Told before minutes are spent on what could not be written then.
void check_out(const std::string& out) {
  if (out.empty()) return;
  std::error_code ignored;
  const std::filesystem::path path(out), folder = path.has_parent_path() ? path.parent_path() : ".";
  if (!std::filesystem::is_directory(folder, ignored))
    throw InvalidInput("--out: there is no folder " + folder.string());
  if (std::filesystem::is_directory(path, ignored)) throw InvalidInput("--out is a folder, " + out + ": give a file");
}

std::string rendered(const AccuracyReport& report, const std::string& format, bool colour) {
  if (format == "json") return to_json(report);
  if (format == "csv") return to_csv(report);
  if (format == "markdown") return render_accuracy_markdown(report);
  return render_accuracy(report, colour) + "\n" + render_advice(advise(report), report);
}

void add_options(CLI::App& command, AccuracyArguments& arguments) {
  AccuracyOptions& options = arguments.options;
  const auto list = [&](const char* flag, auto& values, const char* help) {
    return command.add_option(flag, values, help)->capture_default_str();
  };
  auto* weights = list("--weights", arguments.weights,
                       "A Hugging Face folder, config.json and safetensors files [random weights of --models]");
  list("--activations", arguments.activations,
       "A safetensors file of recorded inputs, layers.I.LAYER or LAYER each [random ones, --data]");
  list("--models", options.models, "Models of the catalogue (a unique part of a name is enough), all, or a config.json")
      ->excludes(weights);
  list("--layers", options.layers, "Only these layers (qkv, o, gate_up, down, … or a * pattern)");
  list("--decoder-layers", options.decoder_layers,
       "Numbers from 0 on, ranges as 0:31, or all [all of --weights, 0 of random ones]");
  list("--tp", options.tp, "Tensor-parallel size")->check(whole_number());
  list("--rank", options.rank, "Whose share of the layers, from 0 on")->check(whole_number());
  list("--tokens", options.tokens, "M: tokens that are multiplied")->check(whole_number());
  list("--calibration-tokens", options.calibration_tokens,
       "Tokens behind those that static scales and smoothing are made of; 0: the tested ones; -1: as many, where there "
       "are enough")
      ->check(CLI::Number);
  list("--channels", options.channels, "Output channels whose products are compared")->check(whole_number());
  list("--providers", options.providers, "Names, * patterns, default, all (see qgemm list providers)");
  list("--smooth", options.smooth, "SmoothQuant's alpha from 0 to 1; auto: the best of 0.1, 0.2 … 0.9; off");
  list("--data", options.data, "Random activations: normal, outlier or zeros");
  list("--seed", options.seed, "Seed of random operands and of the sample")->check(unsigned_number());
  list("--format", arguments.format, "table, json, csv or markdown");
  list("--out", arguments.out, "A file in place of standard output");
  command.add_flag("--quiet", arguments.quiet, "No progress on stderr");
}

bool wants_colour(bool to_file) { return !to_file && isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr; }

}  // namespace

void add_accuracy(CLI::App& app, int& exit_code, const Host& host) {
  CLI::App* command =
      app.add_subcommand("accuracy", "What quantization costs in accuracy: outliers, SQNR, smoothing, layer by layer");
  auto arguments = std::make_shared<AccuracyArguments>();
  add_options(*command, *arguments);
  command->callback([arguments, &exit_code, &host] {
    check_format(arguments->format);
    check_out(arguments->out);
    arguments->options.weights = arguments->weights;
    arguments->options.activations = arguments->activations;
    const Interrupt interrupt;
    ShownProgress progress(arguments->quiet);
    const std::string date = local_date();
    AccuracyReport report = measure_accuracy(arguments->options, &progress, interrupt.flag());
    progress.finish();
    report.date = date;
    report.command = command_line(host.arguments);
    const bool to_file = !arguments->out.empty();
    const std::string text = rendered(report, arguments->format, wants_colour(to_file));
    if (to_file) {
      write_file(arguments->out, text);
    } else {
      fmt::print("{}", text);
    }
    exit_code = interrupt.seen() ? interrupted : success;
  });
}

}  // namespace qgemm::cli
