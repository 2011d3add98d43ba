#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "qgemm/result.hpp"

namespace qgemm {

/// Seconds since 1970 (UTC) of an ISO 8601 date with a zone ("2026-11-23T08:30:45+0100", "…Z"); empty for another text.
std::optional<std::int64_t> seconds_of(const std::string& date);

/// The options, and the CPU's threads, without which times mean something else: "threads=2 output=f16". An option at
/// its default is left out, so that an older file that does not say it counts as the same.
std::string settings_of(const Context& context);

/// The different models of the rows, in their order.
std::vector<std::string> models_of(const std::vector<Result>& rows);

}  // namespace qgemm
