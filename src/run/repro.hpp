#pragma once
#include <string>

#include "core/case.hpp"
#include "qgemm/sweep.hpp"

namespace qgemm {

/// The command that measures `row`, the row of `c`, alone: on its engine and, once it was measured, with its kernel.
std::string repro_command(const Case& c, const Result& row, const SweepOptions& options);

}  // namespace qgemm
