#pragma once
#include <filesystem>
#include <string>

#include "program.hpp"
#include "saved_files.hpp"

namespace qgemm {

/// One sweep over two tiny shapes, measured once for all tests of the process: they only read it.
struct MeasuredRun {
  Finished finished;
  std::filesystem::path folder;  ///< Its --out, in a folder that lives as long as the process.
  Json saved;                    ///< results.json
};

const MeasuredRun& measured_run();

/// The measured run's files, copied to `folder`.
void copy_measured_run(const std::filesystem::path& folder);

}  // namespace qgemm
