#include "compare/row_verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compare/distributions.hpp"
#include "compare/rank_tests.hpp"
#include "report/notes.hpp"
#include "report/printable.hpp"

namespace qgemm {
namespace {

/// Of the logarithm of a time: nobody acts on a tenth of a percent, and clocks agree to less by chance.
constexpr double smallest_deviation = 1e-3;
/// What an interval has to hold to count as one of 95 %.
constexpr double enough_confidence = 0.949;

bool is_time(double us) { return std::isfinite(us) && us > 0; }

bool timed(const Result& row) {
  return (row.outcome == Outcome::ok || row.outcome == Outcome::noisy) && row.median_us && is_time(*row.median_us);
}

bool wrong(const Result& row) { return row.outcome == Outcome::incorrect || row.outcome == Outcome::failed; }

/// Without a time for a reason that lies in the case itself, not in a run that ended early.
bool unable(const Result& row) { return !timed(row) && row.outcome != Outcome::skipped; }

Verdict verdict_without_times(const Result& before, const Result& after) {
  if (wrong(after) && !wrong(before)) return Verdict::broken;
  if (timed(before) && unable(after)) return Verdict::broken;
  if (timed(after) && unable(before)) return Verdict::fixed;
  return Verdict::unmeasured;
}

/// Ascending logarithms of the samples; empty where they cannot be used.
std::vector<double> log_samples(const Result& row) {
  const std::vector<double> samples = samples_at_clock(row);
  if (samples.size() < 2 || !std::all_of(samples.begin(), samples.end(), is_time)) return {};
  std::vector<double> logs;
  for (const double us : samples) logs.push_back(std::log(us));
  std::sort(logs.begin(), logs.end());
  return logs;
}

bool at_a_clock(const Result& row) { return row.clock_exponent && row.clock_mhz && is_time(*row.clock_mhz); }

/// What the later time's logarithm has of another clock, where both rows were sampled at a GPU's power limit: the clock
/// is then that of all rows together, and of the day, and not the row's own.
double clock_offset(const Result& before, const Result& after) {
  if (!at_a_clock(before) || !at_a_clock(after)) return 0;
  const double exponent = (*before.clock_exponent + *after.clock_exponent) / 2;
  return exponent * std::log(*before.clock_mhz / *after.clock_mhz);
}

Ratio ratio_of(const ShiftInterval& shift) {
  return {std::exp(shift.shift), std::exp(shift.low), std::exp(shift.high), shift.confidence};
}

void compare_samples(ComparedRow& row, const std::vector<double>& before, const std::vector<double>& after,
                     std::size_t rows) {
  row.evidence = Evidence::samples;
  row.time = ratio_of(hodges_lehmann_shift(before, after));
  const TestResult ranks = rank_sum_test(before, after);
  // Ranks of few samples know no small p-values: five against five, however far apart, give 0.008, which is nothing
  // among 400 rows. Sizes alone decide which test is taken, not what it says.
  if (ranks.smallest_p <= significance / static_cast<double>(rows)) {
    row.test = "mann-whitney";
    row.p = ranks.p;
  } else {
    row.test = "welch";
    row.p = welch_test(before, after, smallest_deviation);
  }
}

/// `noise_pct` is half of a 95 % interval: 1.96 standard errors of the median. `offset`: of the control, in logarithms.
void compare_medians(ComparedRow& row, double offset) {
  const double change = std::log(*row.after.median_us / *row.before.median_us) - offset;
  row.time = Ratio{std::exp(change), std::exp(change), std::exp(change), 0};
  const auto known = [](const Result& r) { return r.noise_pct && std::isfinite(*r.noise_pct) && r.samples >= 2; };
  if (!known(row.before) || !known(row.after)) return;
  const double half = std::max(*row.noise_pct / 100, smallest_deviation);
  row.evidence = Evidence::medians;
  row.time = Ratio{std::exp(change), std::exp(change - half), std::exp(change + half), 0.95};
  row.test = "normal";
  row.p = normal_two_sided(change / (half / 1.96));
}

/// The control's change is only known with an interval of its own: both add up in squares, and the test has to hold
/// against the whole.
void add_uncertainty(ComparedRow& row, const Control& control) {
  Ratio& time = *row.time;
  const double change = std::log(time.ratio);
  const double below = std::hypot(change - std::log(time.low), std::log(control.time.high / control.time.ratio));
  const double above = std::hypot(std::log(time.high) - change, std::log(control.time.ratio / control.time.low));
  time.low = std::exp(change - below);
  time.high = std::exp(change + above);
  time.confidence = std::min(time.confidence, control.time.confidence);
  if (row.noise_pct) row.noise_pct = std::hypot(*row.noise_pct, control.noise_pct);
  const double half = std::max((below + above) / 2, smallest_deviation);
  if (row.p) row.p = std::max(*row.p, normal_two_sided(change / (half / 1.96)));
}

std::string change_of(std::string_view what, double before, double after, std::string_view unit, int digits) {
  return fmt::format("{} {:.{}f} → {:.{}f} {}", what, before, digits, after, digits, unit);
}

void add_notes(ComparedRow& row) {
  const Result &a = row.before, &b = row.after;
  auto& notes = row.notes;
  if (a.outcome != b.outcome && !(timed(a) && timed(b))) {
    notes.push_back(fmt::format("{} → {}{}{}", outcome_word(a.outcome), outcome_word(b.outcome),
                                b.message.empty() ? "" : ": ", shorten(printable(b.message), 160)));
  }
  if (row.time && row.evidence == Evidence::medians) notes.emplace_back("no raw samples: medians alone, weaker");
  if (row.time && row.evidence == Evidence::none) notes.emplace_back("no raw samples and no noise: undecidable");
  const bool before_noisy = a.outcome == Outcome::noisy, after_noisy = b.outcome == Outcome::noisy;
  if (row.time && (before_noisy || after_noisy)) {
    notes.emplace_back(before_noisy && after_noisy ? "both noisy"
                       : before_noisy              ? "the old one noisy"
                                                   : "the new one noisy");
  }
  if (a.engine != b.engine) {
    notes.push_back(fmt::format("engine {} → {}", shorten(printable(a.engine), 64), shorten(printable(b.engine), 64)));
  } else if (a.kernel != b.kernel && !a.kernel.empty() && !b.kernel.empty()) {
    notes.push_back(fmt::format("kernel {} → {}", shorten(printable(a.kernel), 64), shorten(printable(b.kernel), 64)));
  }
  if (a.clock_mhz && b.clock_mhz && std::abs(*b.clock_mhz - *a.clock_mhz) > 0.02 * std::abs(*a.clock_mhz)) {
    const bool one = at_a_clock(a) && at_a_clock(b);
    notes.push_back(change_of(one ? "held against one clock, of" : "clock", *a.clock_mhz, *b.clock_mhz, "MHz", 0));
  }
  if (a.throttle && b.throttle && *a.throttle != *b.throttle) {
    notes.push_back(
        fmt::format("throttle {} → {}", shorten(printable(*a.throttle), 64), shorten(printable(*b.throttle), 64)));
  }
  if (a.sqnr_db && b.sqnr_db && *a.sqnr_db - *b.sqnr_db > 1) {
    notes.push_back(change_of("SQNR", *a.sqnr_db, *b.sqnr_db, "dB", 1));
  }
}

Result without_samples(const Result& row) {
  Result copy = row;
  copy.samples_us = {};
  copy.samples_mhz = {};
  return copy;
}

}  // namespace

bool both_timed(const RowPair& pair) { return timed(*pair.before) && timed(*pair.after); }

ComparedRow compare_rows(const RowPair& pair, std::size_t rows, const Control* control) {
  ComparedRow row;
  row.before = without_samples(*pair.before);
  row.after = without_samples(*pair.after);
  if (!both_timed(pair)) {
    row.verdict = verdict_without_times(row.before, row.after);
    add_notes(row);
    return row;
  }
  if (row.before.noise_pct && row.after.noise_pct) {
    const double noise = std::hypot(*row.before.noise_pct, *row.after.noise_pct);
    if (!std::isnan(noise)) row.noise_pct = noise;
  }
  const auto before = log_samples(*pair.before);
  auto after = log_samples(*pair.after);
  const double offset = control == nullptr ? 0 : std::log(control->time.ratio);
  for (double& sample : after) sample -= offset + clock_offset(row.before, row.after);
  if (before.empty() || after.empty()) {
    compare_medians(row, offset);
  } else {
    compare_samples(row, before, after, rows);
  }
  if (control != nullptr) add_uncertainty(row, *control);
  add_notes(row);
  return row;
}

Verdict verdict_of(const Ratio& time, bool significant, double threshold_pct) {
  const double limit = 1 + threshold_pct / 100;
  if (significant && time.ratio > limit) return Verdict::worse;
  if (significant && time.ratio < 1 / limit) return Verdict::better;
  const bool inside = time.low >= 1 / limit && time.high <= limit;
  return inside && time.confidence >= enough_confidence ? Verdict::same : Verdict::undecided;
}

void decide(std::vector<ComparedRow>& rows, double threshold_pct) {
  std::vector<double> p;
  for (const auto& row : rows) {
    if (row.p) p.push_back(*row.p);
  }
  const auto q = adjust_for_false_discoveries(p);
  std::size_t tested = 0;
  for (auto& row : rows) {
    if (row.p) row.q = q[tested++];
    if (!row.time) continue;
    const double change_pct = 100 * std::abs(std::log(row.time->ratio));
    const bool beyond_noise = !row.noise_pct || !(change_pct <= *row.noise_pct);
    row.verdict = verdict_of(*row.time, row.q && *row.q <= significance && beyond_noise, threshold_pct);
  }
}

}  // namespace qgemm
