#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace qgemm {

/// Keeps the order of keys.
using Json = nlohmann::ordered_json;

std::string text_of(const std::filesystem::path& file);
void put_text(const std::filesystem::path& file, const std::string& text);

/// The file as JSON; the test fails, and gets null, where it is none.
Json json_of(const std::filesystem::path& file);
/// Text as JSON, likewise.
Json parse_or_fail(const std::string& text);

/// Rows of a journal: its whole lines but the first. None where there is no file.
std::vector<Json> journal_rows(const std::filesystem::path& folder);

/// What tells a row from the others: shape, provider, engine, cache.
std::string case_of(const Json& row);
/// The case's row; null where there is none.
Json find_row(const Json& rows, const std::string& provider);

bool measured(const Json& row);

}  // namespace qgemm
