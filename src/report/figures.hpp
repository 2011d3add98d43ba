#pragma once
#include <optional>
#include <string>
#include <vector>

namespace qgemm {

/// About four digits that mean something, from 0.0148 to 1385: no exponents where a reader compares columns.
std::string format_tflops(double value);
/// "7.31x", "12.6x", "126x".
std::string format_ratio(double value);
/// "71 %" of a share of 1.
std::string format_share(double value);
/// "35.1", or "exact" for infinity.
std::string format_decibel(double value);

/// Of the positive finite values; empty where there are none.
std::optional<double> geometric_mean(const std::vector<double>& values);
/// Of all that is not NaN; empty where there are none.
std::optional<double> median(std::vector<double> values);

}  // namespace qgemm
