#include "device/system_files.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <limits>
#include <optional>

namespace qgemm {
namespace {

constexpr std::string_view blanks = " \t\r\n";

template <class Number>
std::optional<Number> parse_number(std::string_view text, std::string_view* rest) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  *rest = text.substr(static_cast<std::size_t>(end - text.data()));
  return value;
}

}  // namespace

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::optional<std::string> read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  // By read(), which turns a failing read (a folder, a sysfs file that says EINVAL) into badbit; an iterator over the
  // buffer would throw.
  std::string text;
  std::array<char, 4096> part;
  while (file.read(part.data(), part.size()) || file.gcount() > 0) {
    text.append(part.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad()) return std::nullopt;
  return text;
}

std::optional<std::string> read_line(const std::filesystem::path& path) {
  const auto text = read_text(path);
  if (!text) return std::nullopt;
  return std::string(trim(std::string_view(*text).substr(0, text->find('\n'))));
}

std::optional<std::int64_t> parse_size(std::string_view text) {
  std::string_view rest;
  const auto value = parse_number<std::int64_t>(trim(text), &rest);
  if (!value) return std::nullopt;
  rest = trim(rest);
  int shift = 0;
  if (!rest.empty()) shift = rest[0] == 'K' ? 10 : rest[0] == 'M' ? 20 : rest[0] == 'G' ? 30 : 0;
  if (*value < 0 || *value > (std::numeric_limits<std::int64_t>::max() >> shift)) return value;
  return *value << shift;
}

std::optional<std::int64_t> read_integer(const std::filesystem::path& path) {
  const auto line = read_line(path);
  return line ? parse_size(*line) : std::nullopt;
}

std::vector<int> parse_cpu_list(std::string_view text) {
  constexpr int most = 1 << 16;  // far past any kernel's CPU count: a broken file must not fill the memory
  std::vector<int> cpus;
  text = trim(text);
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), item.size() + 1));
    std::string_view rest;
    const auto first = parse_number<int>(trim(item), &rest);
    if (!first) continue;
    std::optional<int> last = first;
    if (!rest.empty() && rest[0] == '-') last = parse_number<int>(rest.substr(1), &rest);
    for (int cpu = *first; last && cpu >= 0 && cpu <= *last && cpu < most; ++cpu) cpus.push_back(cpu);
  }
  return cpus;
}

std::optional<std::string> find_field(std::string_view text, std::string_view key, char separator) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto at = line.find(separator);
    if (at != std::string_view::npos && trim(line.substr(0, at)) == key) return std::string(trim(line.substr(at + 1)));
  }
  return std::nullopt;
}

bool has_word(std::string_view text, std::string_view word) {
  while (!(text = trim(text)).empty()) {
    const std::string_view first = text.substr(0, text.find_first_of(blanks));
    if (first == word) return true;
    text.remove_prefix(first.size());
  }
  return false;
}

}  // namespace qgemm
