#pragma once
#include <memory>

#include "engine/engine.hpp"

namespace qgemm::reference {

/// The truth: plain loops over the definition, exact int32 sums, every scheme but FP8, any shape, any CPU.
std::unique_ptr<HostEngine> make_engine();

}  // namespace qgemm::reference
