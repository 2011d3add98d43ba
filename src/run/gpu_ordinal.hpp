#pragma once
#include <string>

namespace qgemm {

/// The ordinal of `cuda` (0) or `cuda:N`; -1 for what is neither.
int gpu_ordinal(const std::string& device);

}  // namespace qgemm
