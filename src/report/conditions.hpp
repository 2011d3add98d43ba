#pragma once
#include <string>
#include <vector>

#include "qgemm/result.hpp"

namespace qgemm {

/// Sentences on the circumstances of a run that its figures do not show by themselves: operands that flatter them, rows
/// at a lower clock than most, times that moved while they were measured, how well the parts of a call add up to it.
/// Plain text; none where there is nothing to say.
std::vector<std::string> conditions_of(const ResultSet& results);

}  // namespace qgemm
