#include "cli/config_file.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "core/nearest.hpp"
#include "qgemm/error.hpp"
#include "results/posix_file.hpp"

namespace qgemm::cli {
namespace {

/// A place in the file. CLI11's own reader takes any text for a config, so a slip would go unseen; this one is strict.
class Reader {
 public:
  Reader(std::string_view text, std::string source) : text_(text), source_(std::move(source)) {}

  int line() const { return line_; }
  bool at_end() const { return at_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  bool take(char c) {
    if (at_end() || peek() != c) return false;
    next();
    return true;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw InvalidInput(fmt::format("{}: line {}: {}", source_, line_, what));
  }

  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\r') next();
  }
  /// Blanks, comments and ends of lines.
  void skip_space() {
    while (true) {
      skip_blanks();
      if (peek() == '#') skip_comment();
      if (!take('\n')) return;
    }
  }
  void end_line() {
    skip_blanks();
    if (peek() == '#') skip_comment();
    if (!at_end() && !take('\n')) fail(fmt::format("'{}' is left over behind the value", rest_of_line()));
  }

  std::string word() {
    std::string out;
    while (std::isalnum(static_cast<unsigned char>(peek())) != 0 ||
           (peek() != '\0' && std::string_view("-_+.").find(peek()) != std::string_view::npos)) {
      out += next();
    }
    return out;
  }

  /// A text in quotes; `'` takes everything as it is, `"` knows \" \\ \t \n.
  std::string quoted() {
    const char quote = next();
    std::string out;
    while (peek() != quote) {
      if (at_end() || peek() == '\n') fail(fmt::format("a text has no closing {}", quote));
      char c = next();
      if (quote == '"' && c == '\\') {
        constexpr std::string_view from = "\"\\tn", to = "\"\\\t\n";
        const auto escape = from.find(peek());
        if (at_end() || escape == std::string_view::npos) fail("a text has an unknown escape: write it in ' quotes");
        next();
        c = to[escape];
      }
      out += c;
    }
    next();
    return out;
  }

  std::string rest_of_line() const {
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    return std::string(text_.substr(at_, std::min<std::size_t>(end - at_, 40)));
  }

 private:
  char next() {
    if (text_[at_] == '\n') ++line_;
    return text_[at_++];
  }
  void skip_comment() {
    while (!at_end() && peek() != '\n') next();
  }

  std::string_view text_;
  std::string source_;
  std::size_t at_ = 0;
  int line_ = 1;
};

std::string read_scalar(Reader& reader) {
  if (reader.peek() == '"' || reader.peek() == '\'') return reader.quoted();
  const std::string rest = reader.rest_of_line();
  std::string word = reader.word();
  const bool number = word.find_first_of("0123456789") != std::string::npos &&
                      word.find_first_not_of("0123456789_+-.eE") == std::string::npos;
  if (number) std::erase(word, '_');  // TOML's 1_000
  if (!number && word != "true" && word != "false") {
    reader.fail(fmt::format("'{}' is no value: write a \"text\", a number, true, false or a [list] of them", rest));
  }
  return word;
}

void read_list(Reader& reader, std::vector<std::string>& values) {
  reader.take('[');
  for (reader.skip_space(); !reader.take(']'); reader.skip_space()) {
    if (reader.at_end()) reader.fail("a list has no closing ]");
    values.push_back(read_scalar(reader));
    reader.skip_space();
    if (!reader.take(',') && reader.peek() != ']') {
      reader.fail(reader.at_end() ? "a list has no closing ]" : "a list has no comma between two values");
    }
  }
}

void read_table(Reader& reader, const std::string& table) {
  reader.take('[');
  reader.skip_blanks();
  const std::string name = reader.word();
  reader.skip_blanks();
  if (name != table || !reader.take(']')) reader.fail(fmt::format("the only table there can be is [{}]", table));
  reader.end_line();
}

/// The options a file may set, by their names without dashes.
std::vector<std::string> known_keys(const CLI::App& command) {
  std::vector<std::string> keys;
  for (const auto* option : command.get_options()) {
    const std::string name = option->get_single_name();
    if (name != "help" && name != "config") keys.push_back(name);
  }
  return keys;
}

void apply(CLI::App& command, const ConfigEntry& entry, const std::string& place) {
  CLI::Option* option = command.get_option("--" + entry.key);
  if (option->count() > 0) return;  // the command line wins
  const bool flag = option->get_expected_min() == 0;
  if (flag && (entry.list || (entry.values[0] != "true" && entry.values[0] != "false"))) {
    throw InvalidInput(fmt::format("{}: {} must be true or false", place, entry.key));
  }
  if (flag && entry.values[0] == "false") return;
  if (entry.list && option->get_expected_max() == 1) {
    throw InvalidInput(fmt::format("{}: {} must be one value, not a list", place, entry.key));
  }
  if (entry.values.empty()) return;  // an empty list is the default, as in results.json
  try {
    option->add_result(entry.values);
    option->run_callback();
  } catch (const CLI::ParseError& error) {
    throw InvalidInput(fmt::format("{}: {}", place, error.what()));
  }
}

}  // namespace

std::vector<ConfigEntry> parse_config(std::string_view text, const std::string& source, const std::string& table) {
  Reader reader(text, source);
  std::vector<ConfigEntry> entries;
  std::set<std::string> keys;
  for (reader.skip_space(); !reader.at_end(); reader.skip_space()) {
    if (reader.peek() == '[') {
      read_table(reader, table);
      continue;
    }
    ConfigEntry entry;
    entry.line = reader.line();
    const std::string start = reader.rest_of_line();
    entry.key = reader.peek() == '"' ? reader.quoted() : reader.word();
    reader.skip_blanks();
    if (entry.key.empty() || !reader.take('=')) {
      reader.fail(fmt::format("'{}' is no `key = value`: write a flag's name without dashes, =, its value", start));
    }
    reader.skip_blanks();
    entry.list = reader.peek() == '[';
    if (entry.list) {
      read_list(reader, entry.values);
    } else {
      entry.values.push_back(read_scalar(reader));
    }
    reader.end_line();
    if (!keys.insert(entry.key).second) {
      throw InvalidInput(fmt::format("{}: line {}: {} is given twice", source, entry.line, entry.key.substr(0, 64)));
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

void apply_config(CLI::App& command, const std::string& path) {
  constexpr std::size_t most = std::size_t{1} << 20U;  // a list of every batch size up to 65,536 takes half of it
  const std::string text = read_file(path);
  if (text.size() > most) throw InvalidInput(path + " is longer than 1 MiB: no file of flags is");
  const auto keys = known_keys(command);
  for (const auto& entry : parse_config(text, path, command.get_name())) {
    const std::string place = fmt::format("{}: line {}", path, entry.line);
    if (std::find(keys.begin(), keys.end(), entry.key) == keys.end()) {
      throw InvalidInput(fmt::format("{}: {} has no flag '{}': the nearest are {}", place, command.get_name(),
                                     entry.key.substr(0, 64), join_or(nearest(entry.key, keys))));
    }
    apply(command, entry, place);
  }
}

}  // namespace qgemm::cli
