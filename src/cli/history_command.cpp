#include <fmt/core.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/progress.hpp"
#include "cli/shape_options.hpp"
#include "cli/whole_number.hpp"
#include "core/nearest.hpp"
#include "qgemm/error.hpp"
#include "qgemm/history.hpp"
#include "qgemm/report.hpp"
#include "qgemm/results.hpp"
#include "report/printable.hpp"

namespace qgemm::cli {
namespace {

bool use_colour() { return isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr; }

History open_history() { return {history_file(), HistoryAccess::existing}; }

const char* plural(std::size_t count) { return count == 1 ? "" : "s"; }

/// A number as lists show it, or "last".
HistoryRun find_run(const History& history, const std::string& text) {
  const auto runs = history.runs();
  if (runs.empty()) {
    throw InvalidInput(fmt::format("no run is in the history {} yet: `qgemm bench` adds one", history.file().string()));
  }
  if (text == "last") return runs.back();
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw InvalidInput(
        fmt::format("'{}' is no run: give its number (qgemm history list), or last", text.substr(0, 64)));
  }
  for (const auto& run : runs) {
    if (run.id == id) return run;
  }
  throw InvalidInput(fmt::format("there is no run {} in the history {}: qgemm history list has those there are", id,
                                 history.file().string()));
}

void add_list_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("list", "The recorded runs, the oldest first");
  struct Arguments {
    std::int64_t last = 0;
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  command->add_option("--last", arguments->last, "Only the last so many; 0: all")->check(whole_number());
  command->add_flag("--json", arguments->json, "As JSON");
  command->callback([arguments, &exit_code] {
    if (arguments->last < 0) throw InvalidInput("--last must be 0 or more");
    const History history = open_history();
    const auto all = history.runs();
    const auto shown =
        arguments->last == 0 ? all.size() : std::min(all.size(), static_cast<std::size_t>(arguments->last));
    const std::vector<HistoryRun> runs(all.end() - static_cast<std::ptrdiff_t>(shown), all.end());
    if (arguments->json) {
      fmt::print("{}", history_to_json(runs));
    } else if (all.empty()) {
      fmt::print("No run is in {} yet: `qgemm bench` adds one.\n", printable(history.file().string()));
    } else {
      fmt::print("{}\n{} run{} in {}, {}\n", render_history(runs, use_colour()), all.size(), plural(all.size()),
                 printable(history.file().string()), bytes_text(history.bytes()));
    }
    exit_code = success;
  });
}

void add_show_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("show", "A run's tables and summary");
  auto run_text = std::make_shared<std::string>();
  command->add_option("RUN", *run_text, "Its number (qgemm history list), or last")->required();
  command->callback([run_text, &exit_code] {
    const History history = open_history();
    const HistoryRun run = find_run(history, *run_text);
    const ResultSet results = history.load(run.id);
    const auto line = [](const char* what, const std::string& text) {
      if (!text.empty()) fmt::print("{:<8} {}\n", what, printable(text));
    };
    line("run", fmt::format("{}, {}", run.id, run.date));
    line("host", run.host);
    line("device", run.device);
    line("qgemm", fmt::format("{} ({})", run.qgemm_version, run.git_revision));
    line("command", run.command);
    line("folder", run.folder);
    fmt::print("\n{}\n{}", render_table(results, use_colour()), render_summary(results, use_colour()));
    exit_code = success;
  });
}

PlotFormat plot_format(const std::string& file) {
  const auto ending = std::filesystem::path(file).extension();
  if (ending == ".png") return PlotFormat::png;
  if (ending == ".svg") return PlotFormat::svg;
  throw InvalidInput(fmt::format("--plot {} is neither a .png nor a .svg: give the file one of these endings", file));
}

void add_trend_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("trend", "Rows over time, as tables and as a plot");
  struct Arguments {
    TrendFilter filter;
    std::vector<std::string> shapes, cache;
    std::string format = "table", out, plot;
  };
  auto arguments = std::make_shared<Arguments>();
  TrendFilter& filter = arguments->filter;
  const auto list = [&](const char* flag, auto& values, const char* help) {
    return command->add_option(flag, values, help);
  };
  list("--models", filter.models, "Names, parts of them, or * patterns [all]");
  list("--tp-sizes", filter.tp_sizes, "Tensor-parallel sizes [all]")->check(whole_number());
  list("--layers", filter.layers, "Names or * patterns [all]");
  list("--batch-sizes", filter.batch_sizes, "M [all]")->check(whole_number());
  list("--shapes", arguments->shapes, "MxNxK [all]");
  list("--providers", filter.providers, "Names or * patterns [all]");
  list("--engines", filter.engines, "Names or * patterns [all]");
  list("--devices", filter.devices, "Names of devices, parts of them, or * patterns [all]");
  list("--cache", arguments->cache, "hot, cold or both [both]")->delimiter(',');
  list("--last", filter.last_runs, "Only in the last so many runs; 0: all")->check(whole_number());
  list("--format", arguments->format, "table or csv")->capture_default_str();
  list("--out", arguments->out, "A file for the table [standard output]");
  list("--plot", arguments->plot, "Draw TFLOP/s over time into this .png or .svg");
  command->callback([arguments, &exit_code] {
    TrendFilter& wanted = arguments->filter;
    if (arguments->format != "table" && arguments->format != "csv") {
      throw InvalidInput(
          fmt::format("unknown format '{}': use {}", arguments->format.substr(0, 64), join_or({"table", "csv"})));
    }
    if (wanted.last_runs < 0) throw InvalidInput("--last must be 0 or more");
    const PlotFormat format = arguments->plot.empty() ? PlotFormat::png : plot_format(arguments->plot);
    wanted.shapes = parse_shapes(arguments->shapes);
    for (const auto& text : arguments->cache) wanted.cache.push_back(parse_cache_state(text));
    const History history = open_history();
    const auto trends = history.trends(wanted);
    if (trends.empty()) {
      throw InvalidInput(
          fmt::format("no run in the history {} has such a row: qgemm history list has the runs, and "
                      "qgemm history show their rows",
                      history.file().string()));
    }
    // The plot first: what it refuses shall not stand below pages of tables.
    if (!arguments->plot.empty()) write_trend_plot(trends, arguments->plot, format);
    const bool to_file = !arguments->out.empty();
    const std::string text =
        arguments->format == "csv" ? trends_to_csv(trends) : render_trends(trends, !to_file && use_colour());
    if (to_file) {
      write_file(arguments->out, text);
    } else {
      fmt::print("{}", text);
    }
    if (!arguments->plot.empty() && (to_file || arguments->format == "table")) fmt::print("{}\n", arguments->plot);
    exit_code = success;
  });
}

void add_export_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("export", "A run's results.json again, for report, compare and advise");
  struct Arguments {
    std::string run, out;
  };
  auto arguments = std::make_shared<Arguments>();
  command->add_option("RUN", arguments->run, "Its number (qgemm history list), or last")->required();
  command->add_option("--out", arguments->out, "The file [standard output]");
  command->callback([arguments, &exit_code] {
    const History history = open_history();
    const std::string text = to_json(history.load(find_run(history, arguments->run).id));
    if (arguments->out.empty()) {
      fmt::print("{}", text);
    } else {
      write_file(arguments->out, text);
    }
    exit_code = success;
  });
}

void add_add_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("add", "Add saved runs, as of --no-history or of another machine");
  auto files = std::make_shared<std::vector<std::string>>();
  command->add_option("FILE", *files, "results.json, a journal.jsonl, or a folder with one")->required();
  command->callback([files, &exit_code] {
    std::vector<ResultSet> loaded;  // all of them first: a bad one is told before anything is added
    for (const auto& file : *files) loaded.push_back(load_results(file));
    History history(history_file(), HistoryAccess::create);
    for (std::size_t i = 0; i < loaded.size(); ++i) {
      const std::filesystem::path file = std::filesystem::absolute((*files)[i]);
      const auto folder = std::filesystem::is_directory(file) ? file : file.parent_path();
      const auto run = history.add(loaded[i], folder);
      fmt::print("run {}  {}\n", run, printable((*files)[i]));
    }
    exit_code = success;
  });
}

void add_prune_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("prune", "Remove old runs from the history; their folders stay");
  struct Arguments {
    HistoryPrune prune;
    std::int64_t keep_last = 0;
    double older_than = 0;
  };
  auto arguments = std::make_shared<Arguments>();
  const auto* keep =
      command->add_option("--keep-last", arguments->keep_last, "Keep the last so many runs")->check(whole_number());
  const auto* older = command->add_option("--older-than", arguments->older_than,
                                          "Remove only runs measured more than so many days ago");
  command->add_flag("--dry-run", arguments->prune.dry_run, "Only tell what would be removed");
  command->callback([arguments, keep, older, &exit_code] {
    HistoryPrune& prune = arguments->prune;
    if (keep->count() > 0) prune.keep_last = arguments->keep_last;
    if (older->count() > 0) prune.older_than_days = arguments->older_than;
    if (!prune.keep_last && !prune.older_than_days) {
      throw InvalidInput("prune has to be told what: give --keep-last N, --older-than DAYS, or both");
    }
    History history = open_history();
    const auto before = history.runs().size();
    const auto removed = history.prune(prune);
    if (!removed.empty()) fmt::print("{}\n", render_history(removed, use_colour()));
    const std::string place = printable(history.file().string());
    if (prune.dry_run) {
      fmt::print("would remove {} of {} run{} from {}\n", removed.size(), before, plural(before), place);
    } else {
      fmt::print("removed {} of {} run{} from {}, which has {} now\n", removed.size(), before, plural(before), place,
                 bytes_text(history.bytes()));
    }
    exit_code = success;
  });
}

}  // namespace

void add_history(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("history", "Past runs of bench: list, show, trend, export, add, prune");
  command->require_subcommand(1);
  command->footer(
      "The history is one file: $QGEMM_HISTORY, else $XDG_DATA_HOME/qgemm/history.sqlite, else\n"
      "~/.local/share/qgemm/history.sqlite.");
  add_list_command(*command, exit_code);
  add_show_command(*command, exit_code);
  add_trend_command(*command, exit_code);
  add_export_command(*command, exit_code);
  add_add_command(*command, exit_code);
  add_prune_command(*command, exit_code);
}

}  // namespace qgemm::cli
