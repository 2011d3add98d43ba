#pragma once
#include <memory>
#include <vector>

#include "engine/engine.hpp"

namespace qgemm {

/// All engines of this build that can run on this machine's CPU, best first: `auto` takes the first that supports a
/// case.
std::vector<std::unique_ptr<HostEngine>> make_engines();

}  // namespace qgemm
