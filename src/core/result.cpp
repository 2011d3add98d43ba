#include "qgemm/result.hpp"

#include <array>
#include <cmath>
#include <cstddef>

#include "qgemm/error.hpp"

namespace qgemm {
namespace {

constexpr std::array<std::string_view, 7> outcomes{"ok",     "noisy",         "unsupported", "incorrect",
                                                   "failed", "out_of_memory", "skipped"};
constexpr std::array<std::string_view, 2> cache_states{"hot", "cold"};
constexpr std::array<std::string_view, 3> bounds{"compute", "memory", "cache"};
constexpr std::array<std::string_view, 2> device_kinds{"cpu", "cuda"};

/// The enumerator whose name is `text`; the arrays above are in the enumerators' order.
template <class Enum, std::size_t Count>
Enum parse(std::string_view text, const std::array<std::string_view, Count>& names, const char* what) {
  std::string known;
  for (std::size_t i = 0; i < Count; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
    known += (i == 0 ? "" : i + 1 == Count ? " or " : ", ") + std::string(names[i]);
  }
  throw InvalidInput("'" + std::string(text.substr(0, 64)) + "' is no " + what + ": use " + known);
}

}  // namespace

std::string_view name(Outcome outcome) { return outcomes.at(static_cast<std::size_t>(outcome)); }
std::string_view name(CacheState state) { return cache_states.at(static_cast<std::size_t>(state)); }
std::string_view name(Bound bound) { return bounds.at(static_cast<std::size_t>(bound)); }
std::string_view name(DeviceKind kind) { return device_kinds.at(static_cast<std::size_t>(kind)); }
Outcome parse_outcome(std::string_view text) { return parse<Outcome>(text, outcomes, "outcome"); }
CacheState parse_cache_state(std::string_view text) { return parse<CacheState>(text, cache_states, "cache state"); }
Bound parse_bound(std::string_view text) { return parse<Bound>(text, bounds, "bound"); }
DeviceKind parse_device_kind(std::string_view text) { return parse<DeviceKind>(text, device_kinds, "device kind"); }

bool same_case(const Result& a, const Result& b) {
  return a.model == b.model && a.layer == b.layer && a.tp == b.tp && a.shape == b.shape && a.provider == b.provider &&
         a.engine == b.engine && a.cache == b.cache;
}

const Limit* Context::find_limit(std::string_view wanted) const {
  for (const auto& limit : limits) {
    if (limit.name == wanted) return &limit;
  }
  return nullptr;
}

std::vector<double> samples_at_clock(const Result& row) {
  std::vector<double> us = row.samples_us;
  if (!row.clock_exponent || !row.clock_mhz || row.samples_mhz.size() != us.size()) return us;
  for (std::size_t i = 0; i < us.size(); ++i)
    us[i] *= std::pow(row.samples_mhz[i] / *row.clock_mhz, *row.clock_exponent);
  return us;
}

}  // namespace qgemm
