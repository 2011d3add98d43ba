#pragma once
#include <span>
#include <vector>

namespace qgemm {

/// How a time follows the clock it was measured at: time ∝ clock^−exponent. 1 where arithmetic binds, 0 where memory
/// does, whose clock is its own. The slope of ln `us` over −ln `mhz` (least squares), drawn towards 0.9 ± 0.1, which is
/// what products at a GPU's power limit have (docs/measurements/trust.md): samples that tell much, because the clock
/// moved or they follow it closely, outweigh that, and samples that tell nothing leave it. Between 0 and 1. Both of one
/// length, positive.
double clock_exponent(std::span<const double> us, std::span<const double> mhz);

/// What each sample would have taken at the clock `at`.
std::vector<double> times_at_clock(std::span<const double> us, std::span<const double> mhz, double exponent, double at);

}  // namespace qgemm
