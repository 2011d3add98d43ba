#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace qgemm::cli {

/// One line of a config file: a flag's name without dashes, and its values as typed on a command line.
struct ConfigEntry {
  std::string key;
  std::vector<std::string> values;  ///< A flag's is "true" or "false".
  bool list = false;
  int line = 0;
};

/// Reads the part of TOML that flags need: `key = value` lines with texts, numbers, true and false, and lists of them
/// (over several lines too), comments, and at most the table `[table]`. Throws `InvalidInput` naming `source` and the
/// line for anything else, and for a key that comes twice.
std::vector<ConfigEntry> parse_config(std::string_view text, const std::string& source, const std::string& table);

/// Gives `command` the flags of the file, where the command line has not given them. Throws `InvalidInput` for a file
/// that cannot be read, an unknown key (with the nearest) and a value that does not fit.
void apply_config(CLI::App& command, const std::string& path);

}  // namespace qgemm::cli
