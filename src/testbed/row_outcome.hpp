#pragma once
#include <functional>
#include <string>
#include <vector>

#include "accuracy/verdict.hpp"
#include "qgemm/quantize_cost.hpp"
#include "qgemm/result.hpp"
#include "qgemm/sweep.hpp"
#include "testbed/planned_row.hpp"
#include "timing/stopping_rule.hpp"

namespace qgemm {

/// Runs `work`; what it throws becomes the row's outcome and message. True where it threw nothing.
bool record_failure(Result& row, const std::function<void()>& work);

/// Writes times, spread and TFLOP/s of a row from its samples (at least one), `ok` or `noisy`.
void write_times(Result& row, const StoppingRule& rule);
/// The same, with noise and drift judged by what the samples would have been at one clock, in `at_clock`.
void write_times(Result& row, const StoppingRule& rule, const StoppingRule& at_clock);

/// Writes what checking a row's product found; false where it is wrong (`incorrect`, with the reason).
bool write_verdict(Result& row, const Verdict& verdict);

/// Writes times and spread from at least one sample.
void write_times(QuantizeCost& cost, const StoppingRule& rule);

/// Rows of a point that nothing was found out about yet become `outcome`, with `why`.
void fail_unmeasured(std::vector<PlannedRow>& rows, const std::string& why, Outcome outcome = Outcome::out_of_memory);

/// Adds a remark to a row's message.
void add_message(Result& row, const std::string& remark);

/// The stopping rule's limits by the options; `default_seconds`: the device's own time for a row.
StoppingLimits stopping_limits(const SweepOptions& options, double default_seconds);

}  // namespace qgemm
