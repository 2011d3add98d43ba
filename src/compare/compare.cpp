#include "qgemm/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "compare/controls.hpp"
#include "compare/differences.hpp"
#include "compare/group_verdict.hpp"
#include "compare/match_rows.hpp"
#include "compare/row_verdict.hpp"
#include "core/nearest.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

constexpr std::array<std::string_view, 7> verdicts{"same",   "better", "worse",     "undecided",
                                                   "broken", "fixed",  "unmeasured"};
constexpr std::array<std::string_view, 3> evidences{"none", "medians", "samples"};

void check(const CompareOptions& options) {
  if (!(options.threshold_pct >= 0 && options.threshold_pct <= 1000)) {
    throw InvalidInput(fmt::format("--threshold is {}: give percent from 0 to 1000", options.threshold_pct));
  }
  std::vector<std::string> known = difference_kinds();
  known.emplace_back("all");
  for (const auto& word : options.allow) {
    if (std::find(known.begin(), known.end(), word) != known.end()) continue;
    throw InvalidInput(fmt::format("--allow has '{}': use {}", word.substr(0, 64), join_or(known)));
  }
}

bool allows(const CompareOptions& options, const std::string& kind) {
  return std::any_of(options.allow.begin(), options.allow.end(),
                     [&](const std::string& word) { return word == "all" || word == kind; });
}

/// Throws for the differences that are not allowed; returns the others.
std::vector<Difference> check_differences(std::vector<Difference> found, const CompareOptions& options,
                                          const std::string& before, const std::string& after) {
  std::vector<Difference> refused;
  for (const auto& difference : found) {
    if (!allows(options, difference.kind)) refused.push_back(difference);
  }
  if (refused.empty()) return found;
  std::string kinds;
  std::set<std::string> named;
  for (const auto& difference : refused) {
    if (named.insert(difference.kind).second) kinds += " " + difference.kind;
  }
  const std::string more = refused.size() == 1 ? "" : fmt::format(" (and {} more)", refused.size() - 1);
  throw InvalidInput(
      fmt::format("{} and {} are not comparable, {}{}: measure both alike, or compare them all the same "
                  "with --allow{}",
                  before, after, refused.front().what, more, kinds));
}

std::vector<std::string> notes_on(const Context& before, const Context& after) {
  std::vector<std::string> notes;
  if (before.seed != after.seed) {
    notes.push_back(
        fmt::format("the operands are other draws of one distribution: seed {}, then {}", before.seed, after.seed));
  }
  if (!before.host.empty() && !after.host.empty() && before.host != after.host) {
    notes.push_back(fmt::format("two machines with devices of one name: {}, then {}", before.host, after.host));
  }
  return notes;
}

std::vector<Result> copies_of(const std::vector<const Result*>& rows) {
  std::vector<Result> copies;
  for (const auto* row : rows) {
    copies.push_back(*row);
    copies.back().samples_us = {};
    copies.back().samples_mhz = {};
  }
  return copies;
}

}  // namespace

std::string_view name(Verdict verdict) { return verdicts.at(static_cast<std::size_t>(verdict)); }
std::string_view name(Evidence evidence) { return evidences.at(static_cast<std::size_t>(evidence)); }

bool Comparison::regression() const {
  const auto bad = [](Verdict verdict) { return verdict == Verdict::worse || verdict == Verdict::broken; };
  return std::any_of(rows.begin(), rows.end(), [&](const ComparedRow& row) { return bad(row.verdict); }) ||
         std::any_of(groups.begin(), groups.end(), [&](const ComparedGroup& group) { return bad(group.verdict); });
}

Comparison compare_results(const ResultSet& before, const ResultSet& after, const CompareOptions& options,
                           const std::string& before_name, const std::string& after_name) {
  check(options);
  const MatchedRows matched = match_rows(before.rows, after.rows);
  if (matched.pairs.empty()) {
    throw InvalidInput(
        fmt::format("{} and {} have no case in common (model, layer, TP, shape, provider and cache "
                    "state): measure the same ones",
                    before_name, after_name));
  }
  std::set<std::string> engines;
  for (const auto& pair : matched.pairs) {
    if (both_timed(pair) && pair.before->engine == pair.after->engine) engines.insert(pair.after->engine);
  }
  Comparison out;
  out.before = before.context;
  out.after = after.context;
  out.before_name = before_name;
  out.after_name = after_name;
  out.options = options;
  out.allowed =
      check_differences(find_differences(before.context, after.context, engines), options, before_name, after_name);
  out.notes = notes_on(before.context, after.context);
  out.rows = compare_pairs(matched.pairs, options.control, out.control_time);
  decide(out.rows, options.threshold_pct);
  out.groups = group_rows(out.rows, options.threshold_pct);
  out.spread_pct = spread_pct(out.rows);
  out.only_before = copies_of(matched.only_before);
  out.only_after = copies_of(matched.only_after);
  return out;
}

}  // namespace qgemm
