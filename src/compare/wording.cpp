#include "compare/wording.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "report/figures.hpp"
#include "report/printable.hpp"

namespace qgemm {
namespace {

std::string percent(double ratio) {
  const double change = 100 * (ratio - 1);
  if (!std::isfinite(change) || change >= 1e4) return fmt::format("+{:.3g}", change);
  const std::string text = fmt::format("{:+.1f}", change);
  return text == "-0.0" || text == "+0.0" ? "0.0" : text;
}

std::string counted(std::int64_t count, const char* what) { return fmt::format("{} {}", count, what); }

/// What share of the rows the two runs agree on.
std::string agreement(const Comparison& comparison) {
  std::size_t compared = 0, one = 0, three = 0;
  for (const ComparedRow& row : comparison.rows) {
    if (!row.time) continue;
    const double change = std::abs(row.time->ratio - 1);
    ++compared;
    one += change <= 0.01 ? 1U : 0U;
    three += change <= 0.03 ? 1U : 0U;
  }
  if (compared == 0) return {};
  const auto share = [&](std::size_t count) {
    return 100.0 * static_cast<double>(count) / static_cast<double>(compared);
  };
  return fmt::format(" {:.0f} % of them changed by no more than 1 %, {:.0f} % by no more than 3 %.", share(one),
                     share(three));
}

}  // namespace

std::string change_text(double ratio) { return percent(ratio) + " %"; }

std::string interval_text(const Ratio& time) {
  return time.confidence > 0 ? fmt::format("{} … {} %", percent(time.low), percent(time.high)) : "–";
}

std::string probability_text(const std::optional<double>& p) {
  if (!p) return "–";
  return *p < 0.001 ? "<0.001" : fmt::format("{:.3f}", *p);
}

std::string time_text(const std::optional<double>& us) { return us ? format_tflops(*us) : "–"; }

std::string headline(const Comparison& comparison) {
  const ComparedGroup& all = comparison.groups.front();
  std::vector<std::string> parts;
  const auto add = [&parts](std::int64_t count, const char* what) {
    if (count > 0) parts.push_back(counted(count, what));
  };
  add(all.broken, "broken");
  add(all.worse, "worse");
  add(all.better, "better");
  add(all.fixed, "fixed");
  add(all.same, "same");
  add(all.undecided, "undecided");
  add(all.unmeasured, "without a time to compare");
  std::string text = comparison.regression() ? "Regression" : "No regression";
  text +=
      fmt::format(" past {:g} %: of {} row{} ", comparison.options.threshold_pct, all.rows, all.rows == 1 ? "" : "s");
  for (std::size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? "" : ", ") + parts[i];
  const auto groups = std::count_if(comparison.groups.begin(), comparison.groups.end(), [](const ComparedGroup& group) {
    return group.worse == 0 && group.broken == 0 && group.verdict == Verdict::worse;
  });
  if (groups > 0) text += fmt::format("; {} group{} worse as a whole", groups, groups == 1 ? "" : "s");
  return text + ".";
}

std::string run_text(const std::string& name, const Context& context) {
  std::string text = name + ": " + context.device.name;
  if (!context.date.empty()) text += ", " + context.date;
  if (!context.qgemm_version.empty()) text += ", qgemm " + context.qgemm_version;
  if (!context.git_revision.empty()) text += " (" + context.git_revision + ")";
  return printable(text);
}

std::vector<std::string> remarks(const Comparison& comparison) {
  std::vector<std::string> lines;
  lines.emplace_back(
      "Changes are of the time of a call, new against old: + is slower. Intervals hold the true change with 95 %; q is "
      "the rate of false discoveries among rows that look at least as different.");
  if (comparison.control_time) {
    lines.push_back(
        fmt::format("They are over the change of {} at the same point, the control, which itself "
                    "changed by {} ({}): that much was the machine.",
                    printable(comparison.options.control), change_text(comparison.control_time->ratio),
                    interval_text(*comparison.control_time)));
  }
  if (comparison.spread_pct) {
    lines.push_back(
        fmt::format("Rows differ among themselves by ± {:.1f} % (robust standard deviation): two runs of one build "
                    "show how much of that is the machine.{}",
                    *comparison.spread_pct, agreement(comparison)));
  }
  const auto weak = std::count_if(comparison.rows.begin(), comparison.rows.end(),
                                  [](const ComparedRow& row) { return row.time && row.evidence != Evidence::samples; });
  if (weak > 0) {
    lines.push_back(fmt::format("{} row{} compared without raw samples, by medians and their noise: weaker verdicts.",
                                weak, weak == 1 ? " is" : "s are"));
  }
  const auto few = std::count_if(comparison.rows.begin(), comparison.rows.end(),
                                 [](const ComparedRow& row) { return row.test == "welch"; });
  if (few > 0) {
    lines.push_back(
        fmt::format("{} row{} too few samples for a rank test among so many rows: Welch's t test of the "
                    "logarithms stands in.",
                    few, few == 1 ? " has" : "s have"));
  }
  for (const auto& difference : comparison.allowed) {
    lines.push_back(fmt::format("Compared in spite of it ({}): {}.", difference.kind, difference.what));
  }
  for (const auto& note : comparison.notes) lines.push_back(printable(note) + ".");
  for (const auto& line : {missing_text(comparison.only_before, "Only in the old run"),
                           missing_text(comparison.only_after, "Only in the new run")}) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

std::string missing_text(const std::vector<Result>& rows, const std::string& where) {
  if (rows.empty()) return "";
  constexpr std::size_t shown = 5;
  std::string text = fmt::format("{}, not compared, {} row{}: ", where, rows.size(), rows.size() == 1 ? "" : "s");
  for (std::size_t i = 0; i < std::min(rows.size(), shown); ++i) {
    const Result& row = rows[i];
    text += fmt::format("{}{} ({}) at {} M={}", i == 0 ? "" : ", ", printable(row.provider), printable(row.engine),
                        printable(row.layer), row.shape.m);
    if (row.outcome != Outcome::ok && row.outcome != Outcome::noisy) text += fmt::format(", {}", name(row.outcome));
  }
  return text + (rows.size() > shown ? ", …" : ".");
}

std::vector<const ComparedRow*> rows_with(const Comparison& comparison, Verdict verdict) {
  std::vector<const ComparedRow*> rows;
  for (const auto& row : comparison.rows) {
    if (row.verdict == verdict) rows.push_back(&row);
  }
  const auto change = [](const ComparedRow* row) { return row->time ? std::abs(std::log(row->time->ratio)) : 0; };
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const ComparedRow* a, const ComparedRow* b) { return change(a) > change(b); });
  return rows;
}

}  // namespace qgemm
