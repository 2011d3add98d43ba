#pragma once
#include <string>

#include "core/case.hpp"
#include "qgemm/sweep.hpp"

namespace qgemm {

/// The command that measures the row of `c`, run by `engine`, alone.
std::string repro_command(const Case& c, const std::string& engine, const SweepOptions& options);

}  // namespace qgemm
