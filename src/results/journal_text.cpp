#include "results/journal_text.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>

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
class RowsByCase {
 public:
  explicit RowsByCase(std::vector<Result>& rows) : rows_(rows) {}

  void add(Result row) {
    const auto [place, added] = places_.try_emplace(
        {row.model, row.layer, row.tp, row.shape.m, row.shape.n, row.shape.k, row.provider, row.engine, row.cache},
        rows_.size());
    if (added) {
      rows_.push_back(std::move(row));
    } else {
      rows_[place->second] = std::move(row);
    }
  }

 private:
  using Size = std::int64_t;
  using Case = std::tuple<std::string, std::string, Size, Size, Size, Size, std::string, std::string, CacheState>;
  std::vector<Result>& rows_;
  std::map<Case, std::size_t> places_;
};

}  // namespace

std::string journal_line(const Context& context) {
  return dump_json(Json{{"schema", results_schema}, {"context", write_context(context)}}) + '\n';
}

std::string journal_line(const Result& row) { return dump_json(write_row(row)) + '\n'; }

JournalText parse_journal(std::string_view text, const std::string& source) {
  JournalText journal;
  RowsByCase rows(journal.results.rows);
  int number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = text.find('\n', begin);
    if (end == std::string_view::npos) break;
    const std::string place = fmt::format("{}: line {}", source, ++number);
    const auto json = parse_line(text.substr(begin, end - begin), end + 1 == text.size(), place);
    if (!json) break;
    if (journal.has_context) {
      rows.add(read_row(*json, place));
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
