#pragma once
#include <string_view>

#include "engine/engine.hpp"

namespace qgemm {

/// The engine of that name, or with "auto" the first that supports `spec`; made once a process, alive until its end.
/// Throws `InvalidInput` for an unknown name, `Unavailable` with the engine's reason where none runs the spec.
const HostEngine& select_engine(std::string_view name, const GemmSpec& spec);

}  // namespace qgemm
