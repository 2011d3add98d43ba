#pragma once
#include <optional>
#include <string>
#include <vector>

#include "qgemm/result.hpp"

namespace qgemm {

/// Sentences on the circumstances of a run that its figures do not show by themselves: operands that flatter them, rows
/// at a lower clock than most, times that moved while they were measured, how well the parts of a call add up to it.
/// Plain text; none where there is nothing to say.
/// Each begins with a word for what it is about and a colon.
std::vector<std::string> conditions_of(const ResultSet& results);

/// The median of the measured rows' clocks, MHz: what a row's own is held against. None where no row has one.
std::optional<double> typical_clock_mhz(const std::vector<Result>& rows);

}  // namespace qgemm
