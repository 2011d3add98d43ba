#pragma once
#include <filesystem>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "qgemm/result.hpp"

namespace qgemm {

/// The schema number `to_json` writes and the newest that `load_results` reads.
inline constexpr int results_schema = 1;

/// `results.json` as text: {"schema": 1, "context": {…}, "rows": [{…}, …]}, a row a line. What is unknown is null;
/// infinity and NaN, which JSON lacks, are the texts "inf", "-inf" and "nan". Bytes that are no UTF-8 become U+FFFD.
std::string to_json(const ResultSet& results);

/// One header line and one line a row, the field names of the JSON, RFC 4180 quoting; without the raw samples.
std::string to_csv(const ResultSet& results);

/// The inverse of `to_json`. `source` names the text in messages. Throws `InvalidInput` for what is not a qgemm result
/// (truncated, foreign, a later schema), naming what is wrong and where.
ResultSet parse_results(std::string_view json, const std::string& source);

/// Reads `results.json`, a folder that holds one, or a `journal.jsonl` (an unfinished last line is left out).
/// Throws `InvalidInput`.
ResultSet load_results(const std::filesystem::path& path);

/// Writes a file whole or not at all (a temporary beside it, flushed, then renamed). Throws `Unavailable` naming the
/// file and the system's reason.
void write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace qgemm
