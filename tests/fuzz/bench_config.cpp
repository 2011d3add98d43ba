// A file of flags (--config FILE.toml), up to the sweep that they plan.
#include <CLI/CLI.hpp>

#include "cli/bench_options.hpp"
#include "cli/config_file.hpp"
#include "fuzz_target.hpp"
#include "plan/plan.hpp"

namespace qgemm::fuzz {

void run(std::string_view input) {
  static const MemoryFile file;
  file.put(input);
  CLI::App command("flags of a sweep", "bench");
  cli::BenchOptions options;
  cli::add_bench_options(command, options);
  cli::apply_config(command, file.path());
  cli::read_texts(options);
  (void)to_properties(options.sweep);
  (void)plan_points(options.sweep, cpu_plan_device({"avx512", "reference"}));
}

}  // namespace qgemm::fuzz
