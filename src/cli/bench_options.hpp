#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "qgemm/sweep.hpp"

namespace qgemm::cli {

/// The flags of `qgemm bench`: the sweep, and what becomes of its results.
struct BenchOptions {
  SweepOptions sweep;
  std::vector<std::string> shapes, cache;  ///< As typed; `read_texts` puts them into `sweep`.
  std::string output = "bf16";
  std::string out, config;
  bool resume = false, plan_only = false, no_plots = false, no_history = false, fresh_limits = false, quiet = false;
};

void add_bench_options(CLI::App& command, BenchOptions& bench);

/// Turns the flags that are more than words or numbers into the sweep's options. Throws `InvalidInput`.
void read_texts(BenchOptions& bench);

/// How the program was called, each word quoted for a shell where needed.
std::string command_line(const std::vector<std::string>& arguments);

}  // namespace qgemm::cli
