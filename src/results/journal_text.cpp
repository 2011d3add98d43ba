#include "results/journal_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "qgemm/error.hpp"
#include "results/context_json.hpp"
#include "results/json_text.hpp"
#include "results/row_json.hpp"

namespace qgemm {
namespace {

/// The line as JSON; empty where it is broken and the last, which a crash explains.
std::optional<Json> parse_line(std::string_view line, bool last, const std::string& place) {
  try {
    return parse_json(line, place);
  } catch (const InvalidInput&) {
    if (last) return std::nullopt;
    throw InvalidInput(place + " is no JSON: the file was damaged or edited; remove that line to read the rest");
  }
}

/// A resumed run tries rows again that failed before: the last word on a case counts, in the first one's place.
void add_row(std::vector<Result>& rows, Result row) {
  const auto earlier =
      std::find_if(rows.begin(), rows.end(), [&](const Result& other) { return same_case(other, row); });
  if (earlier != rows.end()) {
    *earlier = std::move(row);
  } else {
    rows.push_back(std::move(row));
  }
}

}  // namespace

std::string journal_line(const Context& context) {
  return dump_json(Json{{"schema", results_schema}, {"context", write_context(context)}}) + '\n';
}

std::string journal_line(const Result& row) { return dump_json(write_row(row)) + '\n'; }

JournalText parse_journal(std::string_view text, const std::string& source) {
  JournalText journal;
  int number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = text.find('\n', begin);
    if (end == std::string_view::npos) break;
    const std::string place = fmt::format("{}: line {}", source, ++number);
    const auto json = parse_line(text.substr(begin, end - begin), end + 1 == text.size(), place);
    if (!json) break;
    if (journal.has_context) {
      add_row(journal.results.rows, read_row(*json, place));
    } else {
      check_schema(*json, source);
      journal.results.context = read_context_of(*json, place);
      journal.has_context = true;
    }
    begin = journal.whole_bytes = end + 1;
  }
  return journal;
}

}  // namespace qgemm
