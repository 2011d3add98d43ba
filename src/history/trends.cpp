#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/nearest.hpp"
#include "history/records.hpp"
#include "qgemm/results.hpp"
#include "results/json_text.hpp"
#include "results/row_json.hpp"

namespace qgemm {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

/// `parts`: a part of the name is enough.
bool takes(const std::vector<std::string>& wanted, const std::string& name, bool parts = false) {
  if (wanted.empty()) return true;
  return std::any_of(wanted.begin(), wanted.end(), [&](const std::string& text) {
    if (text.find('*') != std::string::npos) return matches_pattern(name, text);
    return parts ? lower(name).find(lower(text)) != std::string::npos : name == text;
  });
}

template <class T>
bool takes(const std::vector<T>& wanted, const T& value) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), value) != wanted.end();
}

bool takes(const TrendFilter& filter, const Result& row) {
  return takes(filter.models, row.model, true) && takes(filter.layers, row.layer) && takes(filter.tp_sizes, row.tp) &&
         takes(filter.batch_sizes, row.shape.m) && takes(filter.shapes, row.shape) &&
         takes(filter.providers, row.provider) && takes(filter.engines, row.engine) && takes(filter.cache, row.cache);
}

/// All cases that rows of the store are of, and that the filter takes.
std::vector<Result> cases_of(const Database& database, const TrendFilter& filter) {
  std::vector<Result> cases;
  Statement list(database,
                 "SELECT DISTINCT model, layer, tp, m, n, k, provider, engine, cache FROM result"
                 "  ORDER BY model, layer, tp, n, k, m, provider, engine, cache");
  while (list.next()) {
    Result row;
    row.model = list.text(0);
    row.layer = list.text(1);
    row.tp = list.integer(2);
    row.shape = {list.integer(3), list.integer(4), list.integer(5)};
    row.provider = list.text(6);
    row.engine = list.text(7);
    row.cache = parse_cache_state(list.text(8));
    if (takes(filter, row)) cases.push_back(std::move(row));
  }
  return cases;
}

/// Where the last `count` runs begin, as (time, id).
std::pair<std::int64_t, std::int64_t> first_of_last(const Database& database, std::int64_t count) {
  Statement runs(database, "SELECT time, id FROM run ORDER BY time DESC, id DESC LIMIT 1 OFFSET ?");
  runs.bind(count - 1);
  return runs.next() ? std::pair(runs.integer(0), runs.integer(1)) : std::pair(INT64_MIN, INT64_MIN);
}

}  // namespace

std::vector<Trend> find_trends(const Database& database, const TrendFilter& filter) {
  const auto since = filter.last_runs > 0 ? first_of_last(database, filter.last_runs)
                                          : std::pair<std::int64_t, std::int64_t>(INT64_MIN, INT64_MIN);
  std::vector<Trend> trends;
  Statement points(database,
                   "SELECT run.id, run.time, run.date, run.qgemm_version, run.git_revision, run.device, run.settings,"
                   "  result.json FROM result JOIN run ON run.id = result.run WHERE model = ? AND layer = ? AND tp = ?"
                   "  AND m = ? AND n = ? AND k = ? AND provider = ? AND engine = ? AND cache = ?"
                   "  AND run.results_schema <= ? ORDER BY run.time, run.id, result.place");
  for (const auto& one : cases_of(database, filter)) {
    std::map<std::pair<std::string, std::string>, Trend> apart;  // by device and settings
    bind_case(points, one).bind(std::int64_t{results_schema});   // a later one may mean something else
    while (points.next()) {
      const std::string device = points.text(5);
      const std::pair when(points.integer(1), points.integer(0));
      if (when < since || !takes(filter.devices, device, true)) continue;
      Trend& trend = apart[{device, points.text(6)}];
      trend.device = device;
      trend.settings = points.text(6);
      const std::string place = fmt::format("run {} of the history {}", points.integer(0), database.file().string());
      trend.points.push_back({.run = points.integer(0),
                              .time = points.integer(1),
                              .date = points.text(2),
                              .qgemm_version = points.text(3),
                              .git_revision = points.text(4),
                              .row = read_row(parse_json(points.text(7), place), place)});
    }
    points.finish();
    for (auto& [key, trend] : apart) trends.push_back(std::move(trend));
  }
  return trends;
}

}  // namespace qgemm
