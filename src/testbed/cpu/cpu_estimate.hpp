#pragma once
#include <string>

#include "core/case.hpp"

namespace qgemm {

/// Seconds of one call by rule of thumb (what a core of a current server CPU reaches in this engine), before anything
/// was measured: for plans and the first guess of the time left.
double estimated_call_seconds(const GemmSpec& spec, const std::string& engine, int threads);

}  // namespace qgemm
