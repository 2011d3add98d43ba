#include "report/operand_conditions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "report/printable.hpp"

namespace qgemm {
namespace {

/// With fewer the entropy is that of the sample's size (1024 elements cannot have more than 10 bits).
constexpr std::int64_t enough_elements = 1024;
/// N(0,1) in int8 by its absmax is 0.8 to 2.4 % zeros (the absmax of a row of 1024 is 3.2, that of a matrix of 10⁹
/// elements 6.1 standard deviations), in e4m3 and bf16 next to none.
constexpr double many_zeros_pct = 5;
/// And has 7.3 to 6.4 bits in int8, 6.5 in e4m3; an int8 that a few outliers leave 4 of its 8 bits has half of that.
constexpr double few_bits_8 = 5;
/// The upper byte of a bf16 or f32 of N(0,1): a sign and 1.5 bits of exponent.
constexpr double few_bits_float = 2;

bool flatters(const OperandFacts& operand) {
  if (operand.elements < 1) return false;
  const bool byte = operand.type == "int8" || operand.type == "e4m3";
  if (operand.zeros_pct > many_zeros_pct && operand.elements >= enough_elements) return true;
  if (operand.zeros_pct >= 99.5) return true;  // whatever their number
  return operand.elements >= enough_elements && operand.entropy_bits < (byte ? few_bits_8 : few_bits_float);
}

std::string text_of(const OperandFacts& operand) {
  const std::string form = operand.granularity == "none" ? "" : ", scale per " + printable(operand.granularity);
  return fmt::format("{} ({}{}): {:.{}f} % zeros, {:.1f} bits", printable(operand.of), printable(operand.type), form,
                     operand.zeros_pct, operand.zeros_pct < 9.95 ? 1 : 0, operand.entropy_bits);
}

}  // namespace

std::string flattering_operands(const Context& context) {
  constexpr std::size_t most_said = 4;
  std::vector<std::string> told;
  for (const auto& operand : context.operands) {
    if (flatters(operand)) told.push_back(text_of(operand));
  }
  if (told.empty()) return {};
  std::string more;
  if (told.size() > most_said) {
    more = fmt::format("; {} more", told.size() - most_said);
    told.resize(most_said);
  }
  return fmt::format(
      "Operands: some say little, draw less power and flatter these times: {}{}. Normal data have up to 2 % zeros and "
      "6 "
      "to 7 bits in 8.",
      fmt::join(told, "; "), more);
}

}  // namespace qgemm
