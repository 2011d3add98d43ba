#include "report/summary_lines.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>

#include "report/figures.hpp"
#include "report/notes.hpp"
#include "report/printable.hpp"

namespace qgemm {
namespace {

using Rows = std::vector<const Result*>;
using Figure = std::optional<double> Result::*;

std::vector<double> figures(const Rows& rows, Figure figure) {
  std::vector<double> values;
  for (const auto* row : rows) {
    if (trusted(*row) && row->*figure) values.push_back(*(row->*figure));
  }
  return values;
}

/// The smallest M from which on each layer is faster, at it and at all larger M. A wrong answer or a failure is not
/// faster; what was never run says nothing.
std::string faster_from(const Rows& rows, Figure speedup) {
  std::map<std::int64_t, bool> faster;  // by M: at all layers
  bool known = false;
  for (const auto* row : rows) {
    if (row->outcome == Outcome::unsupported || row->outcome == Outcome::skipped) continue;
    const bool shown = trusted(*row) && row->*speedup;
    if (trusted(*row) && !shown) continue;
    known = known || shown;
    const auto [entry, added] = faster.try_emplace(row->shape.m, true);
    entry->second = entry->second && shown && *(row->*speedup) > 1;
  }
  if (!known) return "";
  auto from = faster.rend();
  for (auto it = faster.rbegin(); it != faster.rend() && it->second; ++it) from = it;
  if (from == faster.rend()) return "never";
  return from->first == faster.begin()->first ? "always" : fmt::format("M ≥ {}", from->first);
}

}  // namespace

std::vector<SummaryLine> summary_lines(const ResultSet& results) {
  std::vector<SummaryLine> lines;
  for (const auto& column : columns_of(results.rows)) {
    Rows rows;
    for (const auto& row : results.rows) {
      if (column.holds(row)) rows.push_back(&row);
    }
    const auto mean = [&](Figure figure, auto format) {
      const auto value = geometric_mean(figures(rows, figure));
      return value ? format(*value) : std::string();
    };
    SummaryLine line;
    line.column = column;
    line.measured = figures(rows, &Result::tflops).size();
    line.limit_share = mean(&Result::limit_share, format_share);
    if (const auto sqnr = median(figures(rows, &Result::sqnr_db))) line.sqnr_db = format_decibel(*sqnr);
    if (column.provider != "bf16") {
      line.speedup = mean(&Result::speedup, format_ratio);
      line.beats_bf16 = faster_from(rows, &Result::speedup);
    }
    if (column.provider != "f32") {
      line.speedup_f32 = mean(&Result::speedup_f32, format_ratio);
      line.beats_f32 = faster_from(rows, &Result::speedup_f32);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string count_outcomes(const ResultSet& results) {
  std::map<Outcome, std::size_t> counts;
  for (const auto& row : results.rows) ++counts[row.outcome];
  std::string out = fmt::format("{} row{}: ", results.rows.size(), results.rows.size() == 1 ? "" : "s");
  const char* separator = "";
  for (const auto& [outcome, count] : counts) {
    out += fmt::format("{}{} {}", separator, count, outcome_word(outcome));
    separator = ", ";
  }
  return results.rows.empty() ? "0 rows" : out;
}

std::string describe_run(const Context& context) {
  std::string out = context.device.name.empty() ? std::string(name(context.device.kind)) : context.device.name;
  if (!context.date.empty()) out += ", " + context.date;
  return printable(out);
}

}  // namespace qgemm
