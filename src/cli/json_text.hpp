#pragma once
#include <vector>

#include "qgemm/quantize_cost.hpp"
#include "qgemm/result.hpp"

namespace qgemm::cli {

/// The JSON that `qgemm limits --json` prints: {"int8": {"value": …, "unit": …, "method": …}, …}.
void print_json(const std::vector<Limit>& limits);

/// The JSON that `qgemm quantize --json` prints: {"limits": {…}, "rows": [{…}, …]}.
void print_json(const std::vector<QuantizeCost>& costs, const std::vector<Limit>& limits);

}  // namespace qgemm::cli
