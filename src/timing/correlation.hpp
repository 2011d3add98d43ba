#pragma once
#include <span>

#include "timing/statistics.hpp"

namespace qgemm {

/// How many samples, in the order taken, tell as much of their median as one that depends on no other: 1 where they are
/// independent, more where neighbours are alike, as under a clock that swings. 1 + 2·Σ ρ(k), ρ the autocorrelation of
/// their signs about the median (which is all that a median's interval depends on), summed in pairs of neighbouring
/// lags while these are positive (the initial positive sequence; C. J. Geyer, "Practical Markov chain Monte Carlo",
/// Statistical Science 7(4), 1992). Of a few samples it sees little: a swing longer than the series is in none of them.
double correlation_time(std::span<const double> in_order);

/// `summarize` of at least one sample in the order taken, its interval as wide as their correlation makes it.
Summary summarize_series(std::span<const double> in_order);

}  // namespace qgemm
