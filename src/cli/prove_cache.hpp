#pragma once
#include <string>

namespace qgemm::cli {

/// Measures a product that only streams its weights (M = 1), hot and rotating over ever more of them, and prints what
/// each took, with a verdict: cold rows are cold where rotating over twice as much takes no longer, and where they are
/// no faster than memory. True where that holds. Throws what `run_sweep` throws.
bool prove_cache(const std::string& device, int threads);

}  // namespace qgemm::cli
