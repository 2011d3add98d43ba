#include "cli/whole_number.hpp"

#include <fmt/core.h>

#include <charconv>
#include <cstdint>
#include <limits>
#include <string>

namespace qgemm::cli {
namespace {

template <class Number>
CLI::Validator number_validator() {
  const auto check = [](const std::string& text) -> std::string {
    const std::string_view digits = std::string_view(text).substr(text.starts_with('+') ? 1 : 0);
    Number number{};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error == std::errc{} && end == digits.data() + digits.size()) return {};
    return fmt::format("'{}' is no whole number from {} to {}", text.substr(0, 64), std::numeric_limits<Number>::min(),
                       std::numeric_limits<Number>::max());
  };
  return CLI::Validator(check, "", "whole number");
}

}  // namespace

CLI::Validator whole_number() { return number_validator<std::int64_t>(); }

CLI::Validator unsigned_number() { return number_validator<std::uint64_t>(); }

}  // namespace qgemm::cli
