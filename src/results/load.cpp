#include <fmt/format.h>

#include "qgemm/error.hpp"
#include "qgemm/results.hpp"
#include "results/journal_text.hpp"
#include "results/posix_file.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

/// The file a path stands for: itself, or what a folder of `qgemm bench` holds.
fs::path file_of(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    throw InvalidInput(fmt::format("cannot read {}: {}", path.string(),
                                   error ? error.message() : std::string("no such file or folder")));
  }
  if (!fs::is_directory(path, error)) return path;
  for (const char* name : {"results.json", "journal.jsonl"}) {
    if (fs::exists(path / name, error)) return path / name;
  }
  throw InvalidInput(path.string() +
                     " holds neither results.json nor journal.jsonl: give a folder `qgemm bench` wrote");
}

}  // namespace

ResultSet load_results(const fs::path& path) {
  const fs::path file = file_of(path);
  const std::string text = read_file(file);
  if (file.extension() != ".jsonl") return parse_results(text, file.string());
  auto journal = parse_journal(text, file.string());
  if (!journal.has_context) {
    throw InvalidInput(file.string() + " holds no whole line: nothing was measured before it was cut off");
  }
  return std::move(journal.results);
}

}  // namespace qgemm
