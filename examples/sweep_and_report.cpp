// A sweep of your own shapes, its table, and its results saved for later.
#include <cstdio>
#include <filesystem>

#include "qgemm/qgemm.hpp"

int main() {
  using namespace qgemm;
  SweepOptions options;
  options.shapes = {{1, 512, 1024}, {32, 512, 1024}};
  options.providers = {"default"};
  options.max_time = 0.05;  // seconds a row: a glance, not a measurement to quote

  const ResultSet results = run_sweep(options);
  std::printf("%s\n%s", render_table(results).c_str(), render_summary(results).c_str());

  const auto file = std::filesystem::temp_directory_path() / "qgemm-example-results.json";
  write_file(file, to_json(results));
  std::printf("\nsaved to %s; %zu rows come back from it\n", file.c_str(), load_results(file).rows.size());

  for (const Result& row : results.rows) {
    if (row.outcome == Outcome::incorrect || row.outcome == Outcome::failed) return 1;
  }
  return 0;
}
