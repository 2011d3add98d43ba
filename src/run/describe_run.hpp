#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "qgemm/sweep.hpp"

namespace qgemm {

/// The context of a run that starts now: when, where, by which command and build, on what, with its limits measured
/// (about two seconds) and all its options.
Context describe_run(const SweepOptions& options, const std::string& command,
                     const std::vector<std::unique_ptr<Engine>>& engines, int threads);

}  // namespace qgemm
