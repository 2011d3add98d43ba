#pragma once
#include <string>

#include "qgemm/result.hpp"

namespace qgemm {

/// A sentence on operands that flatter the times: those whose codes say so little that multiplying them draws less
/// power, and runs faster on what power limits, than multiplying normally distributed ones. Empty where all are as
/// those are, or nothing is known of them.
std::string flattering_operands(const Context& context);

}  // namespace qgemm
