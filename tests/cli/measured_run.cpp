#include "measured_run.hpp"

namespace qgemm {

const MeasuredRun& measured_run() {
  static const ScratchFolder scratch;
  static const MeasuredRun run = [] {
    MeasuredRun made;
    made.finished = run_program({"bench", "--device", "cpu", "--shapes", "4x64x96", "16x128x64", "--max-time", "0.02",
                                 "--min-samples", "3", "--seed", "7", "--out", "run"},
                                {.folder = scratch.path()});
    made.folder = scratch / "run";
    made.saved = json_of(made.folder / "results.json");
    return made;
  }();
  return run;
}

void copy_measured_run(const std::filesystem::path& folder) {
  std::filesystem::copy(measured_run().folder, folder, std::filesystem::copy_options::recursive);
}

}  // namespace qgemm
