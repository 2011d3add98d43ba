#include "cli/output_folder.hpp"

#include <fmt/core.h>

#include <cctype>
#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <system_error>
#include <vector>

#include "qgemm/error.hpp"
#include "qgemm/results.hpp"
#include "report/printable.hpp"
#include "results/journal_text.hpp"
#include "results/posix_file.hpp"

namespace qgemm::cli {
namespace fs = std::filesystem;
namespace {

/// A device's name as part of a file name: lower case, one dash for each run of anything else.
std::string slug(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  while (!out.empty() && out.back() == '-') out.pop_back();
  return out.empty() ? "device" : out.substr(0, 48);
}

fs::path new_default_folder(const std::string& device_name) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char date[32];
  std::strftime(date, sizeof date, "%Y-%m-%d-%H%M%S", &local);
  const fs::path base = fs::path("qgemm-results") / fmt::format("{}-{}", date, slug(device_name));
  fs::path path = base;
  for (int i = 2; fs::exists(path); ++i) path = fs::path(base.string() + fmt::format("-{}", i));
  return path;
}

constexpr const char* probe_name = ".qgemm-can-write";

/// What a run that was killed while it wrote left beside its files. Only who holds the journal may do this.
void remove_leftovers(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> left;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name == probe_name || (name.starts_with(".qgemm-") && name.ends_with(".tmp"))) left.push_back(entry->path());
  }
  for (const auto& file : left) fs::remove(file, error);
}

bool holds_results(const fs::path& path) {
  return fs::exists(path / "journal.jsonl") || fs::exists(path / "results.json");
}

}  // namespace

OutputFolder::OutputFolder(const std::string& given, bool resume, const std::string& device_name) {
  if (resume && given.empty()) {
    throw InvalidInput("--resume needs the folder to go on with: add --out DIR");
  }
  path_ = given.empty() ? new_default_folder(device_name) : fs::path(given);
  std::error_code error;
  const bool there = fs::exists(path_, error);
  if (!error && there && !fs::is_directory(path_, error)) {
    throw Unavailable(
        fmt::format("the output folder {} cannot be used: it is a file; choose another with --out", path_.string()));
  }
  if (!error && there && holds_results(path_)) {
    if (!resume) {
      throw InvalidInput(
          fmt::format("{} holds results already: go on with them (--resume) or choose another --out", path_.string()));
    }
    read_earlier();
  } else if (!error && resume && !there) {
    throw InvalidInput(
        fmt::format("--resume finds no folder {}: check --out, or start anew without --resume", path_.string()));
  }
  if (!error) fs::create_directories(path_, error);
  if (error) {
    throw Unavailable(fmt::format("the output folder {} cannot be made: {}; choose another with --out", path_.string(),
                                  error.message()));
  }
  // Permission bits do not tell whether a file can be written (root, read-only mounts, quotas): writing one does.
  const fs::path probe = path_ / probe_name;
  try {
    write_file(probe, "x");
  } catch (const Unavailable& failure) {
    throw Unavailable(fmt::format("the output folder {} cannot be written ({}); choose another with --out",
                                  path_.string(), failure.what()));
  }
  fs::remove(probe, error);
}

/// The journal is written first, so it knows the most; one that was cut off in its first line knows nothing.
void OutputFolder::read_earlier() {
  const fs::path journal = path_ / "journal.jsonl";
  if (!fs::exists(journal)) {
    earlier_ = load_results(path_ / "results.json");
    return;
  }
  auto text = parse_journal(read_file(journal), journal.string());
  if (text.has_context) earlier_ = std::move(text.results);
}

void OutputFolder::start_journal(const Context& context) {
  const fs::path file = path_ / "journal.jsonl";
  bool has_journal = fs::exists(file);
  if (earlier_ && !has_journal) {
    // All at once: a journal with some of the rows would be what the next --resume believes.
    std::string text = journal_line(context);
    for (const auto& row : earlier_->rows) text += journal_line(row);
    write_file(file, text);
    has_journal = true;
  }
  journal_ = std::make_unique<Journal>(file, context, has_journal);
  remove_leftovers(path_);
}

void OutputFolder::save(const ResultSet& results) const {
  write_file(path_ / "results.json", to_json(results));
  write_file(path_ / "results.csv", to_csv(results));
}

void check_same_sweep(const Context& earlier, const Properties& options, const std::string& device_name) {
  if (earlier.device.name != device_name) {
    throw InvalidInput(
        fmt::format("--resume goes on with a run of another device ({}, this is {}): choose another --out",
                    shorten(earlier.device.name, 64), device_name));
  }
  for (const auto& [name, value] : options) {
    for (const auto& [earlier_name, earlier_value] : earlier.options) {
      // An empty list reads back without its element type.
      const auto empty = [](const Value& v) {
        const auto* texts = std::get_if<std::vector<std::string>>(&v);
        const auto* numbers = std::get_if<std::vector<std::int64_t>>(&v);
        return (texts != nullptr && texts->empty()) || (numbers != nullptr && numbers->empty());
      };
      const auto number = [](const Value& v) {
        const auto* whole = std::get_if<std::int64_t>(&v);
        const auto* real = std::get_if<double>(&v);
        return whole != nullptr  ? std::optional(static_cast<double>(*whole))
               : real != nullptr ? std::optional(*real)
                                 : std::nullopt;
      };
      if (name != earlier_name || value == earlier_value || (empty(value) && empty(earlier_value))) continue;
      if (number(value) && number(value) == number(earlier_value)) continue;
      throw InvalidInput(fmt::format("--resume goes on with a run whose --{} was another: repeat its command line ({})",
                                     name, shorten(earlier.command, 1000)));
    }
  }
}

}  // namespace qgemm::cli
