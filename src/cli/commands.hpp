#pragma once
#include <CLI/CLI.hpp>

#include "cli/host.hpp"

namespace qgemm::cli {

/// Each adds its subcommand to `app`. When that subcommand was given, its callback does the work and leaves the
/// program's exit code in `exit_code`; what it throws is for main to tell.
void add_bench(CLI::App& app, int& exit_code, const Host& host);
void add_quantize(CLI::App& app, int& exit_code);
void add_limits(CLI::App& app, int& exit_code);
void add_tune(CLI::App& app, int& exit_code);
void add_report(CLI::App& app, int& exit_code);
void add_compare(CLI::App& app, int& exit_code);
void add_accuracy(CLI::App& app, int& exit_code, const Host& host);
void add_advise(CLI::App& app, int& exit_code);
void add_history(CLI::App& app, int& exit_code);
void add_list(CLI::App& app, int& exit_code);
void add_doctor(CLI::App& app, int& exit_code);

}  // namespace qgemm::cli
