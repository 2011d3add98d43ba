#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "qgemm/external.hpp"

namespace qgemm::cli {

/// Who runs the command line: the program, or a Python that has loaded the library.
struct Host {
  std::vector<std::string> arguments;  ///< As typed, the program's name first.
  /// What a name of `--external` stands for; throws `InvalidInput` for a name that it does not know, `Unavailable`
  /// where something is missing. Empty in the program itself, which cannot run Python.
  std::function<std::shared_ptr<const ExternalEngine>(const std::string& name)> find_external = {};
};

/// Runs one command line to its end, output and complaints included, and returns the exit code.
int run_command_line(const Host& host);

}  // namespace qgemm::cli
