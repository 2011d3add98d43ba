#pragma once
#include <string>
#include <vector>

#include "qgemm/sweep.hpp"
#include "testbed/testbed.hpp"

namespace qgemm {

/// Now, ISO 8601 with zone.
std::string local_date();

/// The context of a run that starts now: when, where, by which command and build, on what, with all its options and the
/// engines and limits: those kept in `run.limits_folder` where they hold good, else, unless the testbed measures them
/// last, by `add_limits`.
Context describe_run(const SweepOptions& options, const SweepRun& run, const Testbed& testbed,
                     const std::vector<const Engine*>& engines);

/// Has the limits measured (a second or two) and kept in `run.limits_folder`.
void add_limits(Context& context, const SweepRun& run, const Testbed& testbed);

}  // namespace qgemm
