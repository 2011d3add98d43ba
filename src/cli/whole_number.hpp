#pragma once
#include <CLI/CLI.hpp>

namespace qgemm::cli {

/// Refuses what is no whole number of 64 bits. CLI11's own conversion takes the nearest for a number past them, and
/// 2⁶⁴ − 1 for an unsigned −1.
CLI::Validator whole_number();
CLI::Validator unsigned_number();

}  // namespace qgemm::cli
