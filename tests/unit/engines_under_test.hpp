#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.hpp"

namespace qgemm::testing {

/// The engines a suite runs for: one suite serves the CPU's (cpu_engines.cpp) and a GPU's (tests/gpu/gpu_engines.cpp).
std::vector<std::unique_ptr<HostEngine>> engines_under_test();
/// Their names, also of those that this machine cannot make: their tests are skipped.
std::vector<std::string> names_under_test();

}  // namespace qgemm::testing
