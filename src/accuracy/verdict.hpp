#pragma once
#include <optional>
#include <string>

#include "accuracy/metrics.hpp"

namespace qgemm {

/// What checking a product found. `wrong` is empty where it is right.
struct Verdict {
  std::string wrong;
  ErrorMetrics error;
  std::optional<bool> exact;  ///< Empty for float schemes, and where the engine gives no integer sums.
};

}  // namespace qgemm
