#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "cli/bench_options.hpp"
#include "cli/commands.hpp"
#include "cli/config_file.hpp"
#include "cli/continue_in_python.hpp"
#include "cli/exit_code.hpp"
#include "cli/interrupt.hpp"
#include "cli/output_folder.hpp"
#include "cli/progress.hpp"
#include "core/user_folders.hpp"
#include "qgemm/error.hpp"
#include "qgemm/history.hpp"
#include "qgemm/report.hpp"
#include "qgemm/results.hpp"
#include "qgemm/sweep.hpp"
#include "report/printable.hpp"

namespace qgemm::cli {
namespace {

struct PlanLine {
  SweepPlan::Point first;  ///< With the largest memory and all the time of the points of the line.
  std::int64_t last_m = 0;
};

/// A line a point; of a scan, whose points are hundreds, a line for all M of a layer.
std::vector<PlanLine> plan_lines(const SweepPlan& plan, bool scan) {
  std::vector<PlanLine> lines;
  for (const auto& point : plan.points) {
    const auto line = std::find_if(lines.begin(), lines.end(), [&](const PlanLine& l) {
      return scan && l.first.model == point.model && l.first.tp == point.tp && l.first.layer == point.layer &&
             l.first.cache == point.cache;
    });
    if (line == lines.end()) {
      lines.push_back({point, point.shape.m});
      continue;
    }
    line->last_m = point.shape.m;
    line->first.memory_bytes = std::max(line->first.memory_bytes, point.memory_bytes);
    line->first.seconds += point.seconds;
  }
  return lines;
}

void print_plan(const SweepPlan& plan, bool scan) {
  fmt::print("{:<40} {:<12} {:>3} {:>7} {:>7} {:>7} {:<5} {:>10} {:>10}  {}\n", "model", "layer", "tp", "M", "N", "K",
             "cache", "memory", "time", "providers/engines");
  for (const auto& line : plan_lines(plan, scan)) {
    const auto& point = line.first;
    std::string providers;
    for (const auto& provider : point.providers) providers += (providers.empty() ? "" : " ") + provider;
    const std::string m = fmt::format("{}", point.shape.m), last = fmt::format("{}", line.last_m);
    fmt::print("{:<40} {:<12} {:>3} {:>7} {:>7} {:>7} {:<5} {:>10} {:>10}  {}\n", point.model, point.layer, point.tp,
               m == last ? m : m + "…" + last, point.shape.n, point.shape.k, name(point.cache),
               bytes_text(point.memory_bytes), duration_text(point.seconds), providers);
  }
  fmt::print("\n{} rows at {} points, about {} (estimated by rule of thumb; nothing was measured).\n", plan.rows,
             plan.points.size(), duration_text(plan.seconds));
  fmt::print("Largest point: about {} of memory; {} may be used.\n", bytes_text(plan.largest_memory_bytes),
             bytes_text(plan.available_memory_bytes));
  if (plan.largest_memory_bytes > plan.available_memory_bytes) {
    fmt::print(
        "Points above that are measured in parts, or become out_of_memory rows where one provider alone is too "
        "large.\n");
  }
}

/// Writes each row to the journal as it comes, and keeps it for the tables.
class Recorder final : public SweepObserver {
 public:
  Recorder(OutputFolder& folder, bool quiet) : folder_(folder), progress_(quiet) {
    if (folder.earlier()) seen_.rows = folder.earlier()->rows;
  }
  void note(const std::string& line) { progress_.note(line); }
  void started(const Context& context, std::int64_t rows) override {
    seen_.context = context;
    folder_.start_journal(context);
    if (!context.limits_date.empty() && context.limits_date != context.date) {
      progress_.note(
          fmt::format("limits of this device as measured {}; --fresh-limits measures them anew", context.limits_date));
    }
    progress_.note(
        fmt::format("measuring {} rows on {}; results go to {}", rows, context.device.name, folder_.path().string()));
  }
  void finished(const Result& row) override {
    const auto before =
        std::find_if(seen_.rows.begin(), seen_.rows.end(), [&](const Result& other) { return same_case(other, row); });
    if (before != seen_.rows.end()) {
      *before = row;  // tried again, or known better
    } else {
      seen_.rows.push_back(row);
    }
    folder_.append(row);
  }
  void progress(std::int64_t done, std::int64_t rows, double seconds_left) override {
    progress_.update(done, rows, seconds_left);
  }
  void finish() { progress_.finish(); }
  const ResultSet& seen() const { return seen_; }

 private:
  OutputFolder& folder_;
  Progress progress_;
  ResultSet seen_;
};

void print_tables(const ResultSet& results) {
  const bool colour = isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
  fmt::print("{}\n{}", render_table(results, colour), render_summary(results, colour));
  std::fflush(stdout);
}

/// The plots are a convenience: without gnuplot the sweep is as good, so their failure is a line and no exit code.
std::string plot_line(const ResultSet& results, const std::filesystem::path& folder) {
  try {
    const auto plots = write_plots(results, folder);
    if (plots.empty()) return "no plots (nothing was measured)";
    return plots.size() == 1
               ? plots[0].string()
               : fmt::format("{} ({} files)", (folder / "<model>/tp<T>/bench_*.png").string(), plots.size());
  } catch (const Error& error) {
    return fmt::format("none: {}", error.what());
  }
}

/// The page likewise: its failure is a line.
std::string page_line(const ResultSet& results, const std::filesystem::path& folder) {
  try {
    const auto page = folder / "report.html";
    write_file(page, render_html(results));
    return page.string();
  } catch (const Error& error) {
    return fmt::format("none: {}", error.what());
  }
}

/// The history likewise: the run is saved by now, and whatever is wrong with the store of all runs is a line.
std::string history_line(const ResultSet& results, const std::filesystem::path& folder) {
  if (results.rows.empty()) return "none: no row was measured";
  try {
    History history(history_file(), HistoryAccess::create);
    const auto run = history.add(results, folder);
    return fmt::format("run {} in {}", run, printable(history.file().string()));
  } catch (const std::exception& error) {
    return fmt::format("none: {}", printable(error.what()));
  }
}

int exit_code_of(const ResultSet& results, bool was_interrupted) {
  if (was_interrupted) return interrupted;
  const bool bad = std::any_of(results.rows.begin(), results.rows.end(), [](const Result& row) {
    return row.outcome == Outcome::incorrect || row.outcome == Outcome::failed;
  });
  return bad ? row_failed : success;
}

int run_bench(const BenchOptions& bench, const Host& host) {
  const SweepOptions& options = bench.sweep;
  if (!options.external.empty() && !host.find_external) continue_in_python(host.arguments);
  SweepRun run;
  for (const auto& external : options.external) run.externals.push_back(host.find_external(external));
  const SweepPlan plan = plan_sweep(options, run.externals);  // bad input is found before a folder is made
  if (bench.plan_only) {
    if (!plan.note.empty()) fmt::print(stderr, "{}\n", plan.note);
    print_plan(plan, !options.scan_m.empty());
    return success;
  }
  const Interrupt interrupt;
  OutputFolder folder(bench.out, bench.resume, plan.device);
  run.command = command_line(host.arguments);
  run.stop = interrupt.flag();
  if (const auto cache = user_cache_folder(); !cache.empty()) run.limits_folder = cache / "limits";
  run.fresh_limits = bench.fresh_limits;
  if (folder.earlier()) {
    check_same_sweep(folder.earlier()->context, to_properties(options), plan.device);
    run.done = folder.earlier()->rows;
    run.context = &folder.earlier()->context;
  }
  Recorder recorder(folder, bench.quiet);
  if (!plan.note.empty()) recorder.note(plan.note);
  recorder.note(
      fmt::format("{} rows at {} points, about {}", plan.rows, plan.points.size(), duration_text(plan.seconds)));
  run.observer = &recorder;
  ResultSet results;
  try {
    results = run_sweep(options, run);
    recorder.finish();
    folder.save(results);
  } catch (...) {
    // A full disk, say: what was measured is at least shown, and the journal holds what fitted.
    recorder.finish();
    print_tables(recorder.seen());
    throw;
  }
  print_tables(results);
  fmt::print("\nresults  {}\ntable    {}\njournal  {}\n", (folder.path() / "results.json").string(),
             (folder.path() / "results.csv").string(), (folder.path() / "journal.jsonl").string());
  fmt::print("report   {}\n", page_line(results, folder.path()));
  if (!bench.no_plots) fmt::print("plots    {}\n", plot_line(results, folder.path()));
  if (!bench.no_history) fmt::print("history  {}\n", history_line(results, folder.path()));
  if (interrupt.seen()) {
    fmt::print("Interrupted; go on with --resume --out {}\n", folder.path().string());
  } else {
    fmt::print("Benchmark finished!\n");
  }
  return exit_code_of(results, interrupt.seen());
}

}  // namespace

void add_bench(CLI::App& app, int& exit_code, const Host& host) {
  CLI::App* command = app.add_subcommand("bench", "Measure a sweep: tables, results.json, CSV, an HTML page, plots");
  auto bench = std::make_shared<BenchOptions>();
  add_bench_options(*command, *bench);
  command->callback([command, bench, &exit_code, &host] {
    // Of the two that say which M, the one on the command line wins over the other in the file, too.
    const bool sizes = command->count("--batch-sizes") > 0, scan = command->count("--scan-m") > 0;
    if (!bench->config.empty()) apply_config(*command, bench->config);
    if (sizes && !scan) bench->sweep.scan_m.clear();
    if (scan && !sizes) bench->sweep.batch_sizes.clear();
    read_texts(*bench);
    exit_code = run_bench(*bench, host);
  });
}

}  // namespace qgemm::cli
