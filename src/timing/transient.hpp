#pragma once
#include <cstddef>
#include <span>

namespace qgemm {

/// How many of the first values of a series belong to its beginning, before what is measured was steady: to a GPU that
/// has yet to find the clock its load leaves it, say. The cut after which the mean of the rest has the smallest
/// standard error (MSER; K. P. White, "An effective truncation heuristic for bias reduction in simulation output",
/// Simulation 69(6), 1997), at most half of the series. 0 where the means before and after the cut differ by no more
/// than `tolerance`, in the units of the series: cutting costs samples, and is done only where it changes the result.
std::size_t transient_length(std::span<const double> series, double tolerance);

}  // namespace qgemm
