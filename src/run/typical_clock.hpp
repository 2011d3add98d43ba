#pragma once
#include <vector>

#include "qgemm/result.hpp"

namespace qgemm {

/// Marks the rows of a run that were measured at a lower clock than most: `typical_clock_us` of every row whose clock
/// is more than 3 % under the median of all measured rows' clocks, empty elsewhere. A row bound by arithmetic would
/// take its time × its clock ÷ the typical one; one bound by memory or cache waits for what keeps a clock of its own,
/// and would take what it took.
void mark_clocks(std::vector<Result>& rows);

}  // namespace qgemm
