#pragma once
#include <cstdint>
#include <vector>

#include "qgemm/dtype.hpp"

namespace qgemm {

/// A caller's bias as a product of type `output` adds it: each value rounded to that type. Throws `InvalidInput` where
/// there is one and it has not `n` values.
std::vector<float> rounded_bias(std::vector<float> bias, DType output, std::int64_t n);

}  // namespace qgemm
