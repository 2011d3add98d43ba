#include "results/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "qgemm/error.hpp"

namespace qgemm {
namespace {

/// results.json nests 4 deep; what goes far past that is not ours, and copying it would use the stack up.
constexpr int max_depth = 32;

/// A row has some fifty fields, a sweep fewer options; `Json` keeps their order and looks for each new one among all
/// before it, which takes forever where there are millions.
constexpr int max_fields = 1000;

/// "line 3, column 14" of a byte counted from 1.
std::string place_of(std::string_view text, std::size_t byte) {
  const auto before = text.substr(0, byte == 0 ? 0 : std::min(byte - 1, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto start = before.rfind('\n');
  const auto column = before.size() - (start == std::string_view::npos ? 0 : start + 1) + 1;
  return fmt::format("line {}, column {}", line, column);
}

}  // namespace

std::string dump_json(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Json parse_json(std::string_view text, const std::string& source) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    throw InvalidInput(source + " is empty: give a results.json, its folder or a journal.jsonl of `qgemm bench`");
  }
  std::array<int, max_depth + 2> fields{};  // of the objects that are open, by depth
  const auto limit = [&](int depth, Json::parse_event_t event, const Json&) {
    const bool opens = event == Json::parse_event_t::array_start || event == Json::parse_event_t::object_start;
    if (opens && depth > max_depth) {
      throw InvalidInput(fmt::format("{} is no qgemm result: its JSON is nested more than {} deep", source, max_depth));
    }
    if (opens) fields.at(static_cast<std::size_t>(depth) + 1) = 0;
    if (event == Json::parse_event_t::key && ++fields.at(static_cast<std::size_t>(depth)) > max_fields) {
      throw InvalidInput(
          fmt::format("{} is no qgemm result: an object in it has more than {} fields", source, max_fields));
    }
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), limit);
  } catch (const Json::parse_error& error) {
    if (error.byte > text.size()) {
      throw InvalidInput(
          fmt::format("{} is cut off at {}: it was not written or copied to its end (a journal.jsonl beside it can be "
                      "read instead)",
                      source, place_of(text, error.byte)));
    }
    throw InvalidInput(
        fmt::format("{} is no JSON at {}: give a results.json, its folder or a journal.jsonl of `qgemm bench`", source,
                    place_of(text, error.byte)));
  } catch (const Json::exception&) {
    // The parser's one other complaint: a number past the range of a double.
    throw InvalidInput(source + " holds a number too large for a double: the file was damaged or edited");
  }
}

}  // namespace qgemm
