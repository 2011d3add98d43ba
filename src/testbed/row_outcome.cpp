#include "testbed/row_outcome.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <new>

#include "qgemm/error.hpp"
#include "timing/drift.hpp"

namespace qgemm {

bool record_failure(Result& row, const std::function<void()>& work) {
  try {
    work();
    return true;
  } catch (const OutOfMemory& error) {
    row.outcome = Outcome::out_of_memory, row.message = error.what();
  } catch (const std::bad_alloc&) {
    row.outcome = Outcome::out_of_memory, row.message = "the system refused an allocation";
  } catch (const Unavailable& error) {
    row.outcome = Outcome::unsupported, row.message = error.what();
  } catch (const std::exception& error) {
    row.outcome = Outcome::failed, row.message = error.what();
  }
  return false;
}

void write_times(Result& row, const StoppingRule& rule) { write_times(row, rule, rule); }

void write_times(Result& row, const StoppingRule& rule, const StoppingRule& at_clock) {
  const Summary summary = rule.summary();
  row.outcome = at_clock.noisy() ? Outcome::noisy : Outcome::ok;
  row.median_us = summary.median;
  row.p20_us = summary.p20;
  row.p80_us = summary.p80;
  row.noise_pct = at_clock.summary().noise_pct;
  row.samples_us = rule.samples();
  row.samples = static_cast<std::int64_t>(row.samples_us.size());
  const double tera = row.shape.flops() * 1e-12;
  row.tflops = tera / (summary.median * 1e-6);
  row.tflops_low = tera / (summary.p80 * 1e-6);
  row.tflops_high = tera / (summary.p20 * 1e-6);
  row.drift_pct = drift_pct(at_clock.samples());
  if (row.drift_pct && std::abs(*row.drift_pct) > rule.limits().max_noise_pct) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "its time %s by %.1f %% while it was measured",
                  *row.drift_pct > 0 ? "rose" : "fell", std::abs(*row.drift_pct));
    add_message(row, text.data());
  }
}

bool write_verdict(Result& row, const Verdict& verdict) {
  row.sqnr_db = verdict.error.sqnr_db;
  row.rel_error = verdict.error.rel_error;
  row.max_abs_error = verdict.error.max_abs_error;
  row.exact = verdict.exact;
  if (verdict.wrong.empty()) return true;
  row.outcome = Outcome::incorrect;
  row.message = verdict.wrong;
  return false;
}

void write_times(QuantizeCost& cost, const StoppingRule& rule) {
  const Summary summary = rule.summary();
  cost.median_us = summary.median;
  cost.p20_us = summary.p20;
  cost.p80_us = summary.p80;
  cost.noise_pct = summary.noise_pct;
  cost.samples = static_cast<std::int64_t>(rule.samples().size());
}

void fail_unmeasured(std::vector<PlannedRow>& rows, const std::string& why, Outcome outcome) {
  for (auto& planned : rows) {
    if (planned.row.outcome == Outcome::skipped) planned.row.outcome = outcome, planned.row.message = why;
  }
}

void add_message(Result& row, const std::string& remark) {
  if (remark.empty()) return;
  row.message += (row.message.empty() ? "" : "; ") + remark;
}

StoppingLimits stopping_limits(const SweepOptions& options, double default_seconds) {
  return {.max_noise_pct = options.max_noise,
          .max_seconds = options.max_time > 0 ? options.max_time : default_seconds,
          .min_samples = options.min_samples};
}

}  // namespace qgemm
