#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "core/nearest.hpp"
#include "qgemm/error.hpp"
#include "qgemm/report.hpp"
#include "qgemm/results.hpp"

namespace qgemm::cli {
namespace {

const std::vector<std::string> formats{"table", "csv", "markdown", "json", "png", "svg"};

void print_plots(const ResultSet& results, const std::filesystem::path& folder, PlotFormat format) {
  const auto plots = write_plots(results, folder, format);
  if (plots.empty()) throw InvalidInput("nothing to plot: the file has no measured row");
  for (const auto& plot : plots) fmt::print("{}\n", plot.string());
}

void render(const ResultSet& results, const std::string& format, const std::filesystem::path& folder) {
  if (format == "table") {
    const bool colour = isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
    fmt::print("{}\n{}", render_table(results, colour), render_summary(results, colour));
  } else if (format == "csv") {
    fmt::print("{}", to_csv(results));
  } else if (format == "markdown") {
    fmt::print("{}", render_markdown(results));
  } else if (format == "json") {
    fmt::print("{}", to_json(results));
  } else {
    print_plots(results, folder, format == "png" ? PlotFormat::png : PlotFormat::svg);
  }
}

}  // namespace

void add_report(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("report", "Render saved results again");
  struct Arguments {
    std::vector<std::string> files, formats{"table"};
    std::string out;
  };
  auto arguments = std::make_shared<Arguments>();
  command->add_option("FILE", arguments->files, "results.json, a journal.jsonl, or a folder with one")->required();
  command->add_option("--format", arguments->formats, "table csv markdown json png svg")->capture_default_str();
  command->add_option("--out", arguments->out, "Folder for png and svg [beside the file]");
  command->callback([arguments, &exit_code] {
    for (const auto& format : arguments->formats) {
      if (std::find(formats.begin(), formats.end(), format) != formats.end()) continue;
      throw InvalidInput(fmt::format("unknown format '{}': use {}", format.substr(0, 64), join_or(formats)));
    }
    std::vector<ResultSet> loaded;  // all of them first: a bad one is told before anything is printed
    for (const auto& file : arguments->files) loaded.push_back(load_results(file));
    for (std::size_t i = 0; i < loaded.size(); ++i) {
      const std::filesystem::path file = arguments->files[i];
      const auto beside = std::filesystem::is_directory(file) ? file : file.parent_path();
      for (const auto& format : arguments->formats) {
        render(loaded[i], format, arguments->out.empty() ? beside : std::filesystem::path(arguments->out));
      }
    }
    exit_code = success;
  });
}

}  // namespace qgemm::cli
