#pragma once
#include <string>

#include "qgemm/result.hpp"

namespace qgemm {

/// What the page's script draws, as JSON:
/// {"context": {…}, "fields": [name…], "rows": [[value…]…], "derived": [[column, FLOP/byte]…], "columns": [{…}…],
///  "notes": [{…}…], "operands": text, "engines": [text…], "outcomes": text}
/// `fields` and `rows` are those of results.csv, values as in results.json; `derived` has for each row its place in
/// `columns` (−1: in none) and its arithmetic intensity (null where the provider is unknown). `columns` are those of
/// the tables with their line of the summary, so that page and tables say the same.
std::string html_data(const ResultSet& results);

}  // namespace qgemm
