#pragma once
#include <string>

#include "qgemm/sweep.hpp"
#include "testbed/testbed.hpp"

namespace qgemm {

/// The context of a run that starts now: when, where, by which command and build, on what, with its limits measured
/// (about two seconds) and all its options.
Context describe_run(const SweepOptions& options, const std::string& command, const Testbed& testbed);

}  // namespace qgemm
