#pragma once
#include "core/case.hpp"
#include "engine/operands.hpp"

namespace qgemm {

/// Throws `InvalidInput`, saying what is wrong, for operands on the host that do not fit the product: a matrix of
/// another size or missing, a scale or bias that the scheme needs and that was not given, no set of weights.
void check_operands(const GemmSpec& spec, const Operands& operands);

}  // namespace qgemm
