#include <fmt/format.h>

#include <algorithm>

#include "qgemm/results.hpp"
#include "results/csv_cell.hpp"
#include "results/fields.hpp"
#include "results/json_text.hpp"

namespace qgemm {
namespace {

/// As in the JSON, bytes that are no UTF-8 become U+FFFD: readers refuse a whole file for one of them.
std::string as_utf8(const std::string& text) {
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (std::all_of(text.begin(), text.end(), is_ascii)) return text;
  return Json::parse(dump_json(Json(text))).get<std::string>();
}

/// RFC 4180: quotes where the text holds what would end the cell, with quotes doubled.
std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
  return out;
}

}  // namespace

std::string csv_cell(const std::string& text) { return quoted(as_utf8(text)); }

namespace {

std::string cell(const Json& json) {
  if (json.is_null()) return "";
  if (json.is_string()) return csv_cell(json.get_ref<const std::string&>());
  if (json.is_number_float()) return fmt::format("{}", json.get<double>());  // the shortest that reads back the same
  return json.dump();
}

}  // namespace

std::string to_csv(const ResultSet& results) {
  std::string text;
  const auto add_line = [&](auto cell_of) {
    for (const auto& field : row_fields()) {
      if (field.raw) continue;
      text += cell_of(field);
      text += ',';
    }
    text.back() = '\n';
  };
  add_line([](const Field& field) { return std::string(field.name); });
  for (const auto& row : results.rows) {
    add_line([&](const Field& field) { return cell(field.get(row)); });
  }
  return text;
}

}  // namespace qgemm
