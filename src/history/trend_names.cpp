#include "history/trend_names.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "report/printable.hpp"

namespace qgemm {
namespace {

/// All that says which trend it is, in reading order.
std::vector<std::string> parts_of(const Trend& trend) {
  const Result& row = trend.points.front().row;
  std::vector<std::string> parts{row.model,
                                 row.layer,
                                 fmt::format("TP {}", row.tp),
                                 fmt::format("M={}", row.shape.m),
                                 fmt::format("N={} K={}", row.shape.n, row.shape.k),
                                 row.provider,
                                 row.engine,
                                 fmt::format("{} cache", name(row.cache)),
                                 trend.device,
                                 trend.settings};
  for (auto& part : parts) part = shorten(printable(part), 64);
  return parts;
}

}  // namespace

TrendNames::TrendNames(const std::vector<Trend>& trends) {
  std::vector<std::vector<std::string>> parts;
  for (const auto& trend : trends) parts.push_back(parts_of(trend));
  own_.resize(parts.size());
  if (parts.empty()) return;
  for (std::size_t i = 0; i < parts[0].size(); ++i) {
    const bool same =
        std::all_of(parts.begin(), parts.end(), [&](const auto& other) { return other[i] == parts[0][i]; });
    if (same) {
      if (!parts[0][i].empty()) shared_ += (shared_.empty() ? "" : "   ") + parts[0][i];
      continue;
    }
    for (std::size_t t = 0; t < parts.size(); ++t) {
      if (!parts[t][i].empty()) own_[t] += (own_[t].empty() ? "" : " ") + parts[t][i];
    }
  }
}

}  // namespace qgemm
