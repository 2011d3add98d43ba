#include "report/conditions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "core/properties.hpp"
#include "report/figures.hpp"
#include "report/operand_conditions.hpp"
#include "report/printable.hpp"

namespace qgemm {
namespace {

const char* rows_word(std::size_t count) { return count == 1 ? "row" : "rows"; }

std::string clocks(const std::vector<Result>& rows) {
  std::vector<std::string> reasons;
  std::size_t slow = 0;
  double lowest = 1e300;
  for (const auto& row : rows) {
    if (!row.typical_clock_us || !row.clock_mhz) continue;
    ++slow;
    lowest = std::min(lowest, *row.clock_mhz);
    const std::string reason = printable(row.throttle.value_or("none"));
    if (reason != "none" && std::find(reasons.begin(), reasons.end(), reason) == reasons.end())
      reasons.push_back(reason);
  }
  const auto typical = typical_clock_mhz(rows);
  if (slow == 0 || !typical) return {};
  return fmt::format(
      "Clock: {} of {} {} ran more than 3 % under the run's typical {:.0f} MHz, down to {:.0f}{}; what they would take "
      "at it is their typical_clock_us.",
      slow, rows.size(), rows_word(rows.size()), *typical, lowest,
      reasons.empty() ? "" : fmt::format(" ({})", fmt::join(reasons, "; ")));
}

std::string drifts(const std::vector<Result>& rows) {
  constexpr double worth_saying = 1;  // percent
  std::size_t count = 0;
  double most = 0;
  for (const auto& row : rows) {
    if (!row.drift_pct || !(std::abs(*row.drift_pct) > worth_saying)) continue;
    ++count;
    if (std::abs(*row.drift_pct) > std::abs(most)) most = *row.drift_pct;
  }
  if (count == 0) return {};
  return fmt::format("Drift: the time of {} {} moved while it was measured, by {:+.1f} % at most.", count,
                     rows_word(count), most);
}

std::string splits(const std::vector<Result>& rows) {
  std::vector<double> shares;
  for (const auto& row : rows) {
    if (row.quantize_us && row.gemm_us && row.measured() && *row.median_us > 0) {
      shares.push_back((*row.quantize_us + *row.gemm_us) / *row.median_us);
    }
  }
  const auto mean = geometric_mean(shares);
  if (!mean) return {};
  const auto [low, high] = std::minmax_element(shares.begin(), shares.end());
  return fmt::format(
      "Split: quantization and product, each timed by itself, add up to {:.0f} % of their call ({:.0f} … {:.0f} %).",
      100 * *mean, 100 * *low, 100 * *high);
}

/// Whose weights were multiplied, and what by.
std::string checkpoint(const Context& context) {
  const auto text = [&](std::string_view name) {
    const Value* value = find_property(context.options, name);
    const auto* found = value == nullptr ? nullptr : std::get_if<std::string>(value);
    return found == nullptr ? std::string() : printable(*found);
  };
  const auto number = [&](std::string_view name, std::int64_t missing) {
    const Value* value = find_property(context.options, name);
    const auto* found = value == nullptr ? nullptr : std::get_if<std::int64_t>(value);
    return found == nullptr ? missing : *found;
  };
  const std::string weights = text("weights"), recorded = text("activations");
  if (weights.empty()) return {};
  const std::int64_t index = number("decoder-layer", -1), rank = number("rank", 0);
  return fmt::format("Weights: of {} in {}{}; activations {}.",
                     index < 0 ? "the middle decoder layer" : fmt::format("decoder layer {}", index), weights,
                     rank > 0 ? fmt::format(", rank {}", rank) : "",
                     recorded.empty() ? fmt::format("random ({})", text("data")) : "recorded in " + recorded);
}

}  // namespace

std::optional<double> typical_clock_mhz(const std::vector<Result>& rows) {
  std::vector<double> clocks;
  for (const auto& row : rows) {
    if (row.measured() && row.clock_mhz) clocks.push_back(*row.clock_mhz);
  }
  return median(clocks);
}

std::vector<std::string> conditions_of(const ResultSet& results) {
  const auto& rows = results.rows;
  std::vector<std::string> out;
  for (std::string line :
       {checkpoint(results.context), flattering_operands(results.context), clocks(rows), drifts(rows), splits(rows)}) {
    if (!line.empty()) out.push_back(std::move(line));
  }
  return out;
}

}  // namespace qgemm
