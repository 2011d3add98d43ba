#include "saved_files.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "program.hpp"

namespace qgemm {

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void put_text(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

Json parse_or_fail(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_discarded()) return json;
  ADD_FAILURE() << "no JSON: " << text.substr(0, 400);
  return {};
}

Json json_of(const std::filesystem::path& file) { return parse_or_fail(text_of(file)); }

std::vector<Json> journal_rows(const std::filesystem::path& folder) {
  std::string text = text_of(folder / "journal.jsonl");
  text.erase(text.find_last_of('\n') == std::string::npos ? 0 : text.find_last_of('\n') + 1);
  std::vector<Json> rows;
  for (const auto& line : lines_of(text)) rows.push_back(parse_or_fail(line));
  if (!rows.empty()) rows.erase(rows.begin());
  return rows;
}

std::string case_of(const Json& row) {
  std::string text;
  for (const char* field : {"model", "layer", "tp", "m", "n", "k", "provider", "engine", "cache"}) {
    text += (text.empty() ? "" : " ") + row[field].dump();
  }
  return text;
}

Json find_row(const Json& rows, const std::string& provider) {
  for (const auto& row : rows) {
    if (row["provider"] == provider) return row;
  }
  return {};
}

bool measured(const Json& row) { return row["outcome"] == "ok" || row["outcome"] == "noisy"; }

}  // namespace qgemm
