#include "report/layer_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>

#include "qgemm/error.hpp"
#include "report/printable.hpp"

namespace qgemm {
namespace {

/// Providers that ran with several engines at one point. Different engines at different points ("auto" chooses by
/// shape) do not make a second column.
std::set<std::string> providers_by_engine(const std::vector<Result>& rows) {
  using Point = std::tuple<std::string, std::string, std::int64_t, std::int64_t, std::int64_t, std::int64_t, CacheState,
                           std::string>;
  std::map<Point, std::string> engines;
  std::set<std::string> several;
  for (const auto& r : rows) {
    const Point point{r.model, r.layer, r.tp, r.shape.m, r.shape.n, r.shape.k, r.cache, r.provider};
    const auto [known, added] = engines.try_emplace(point, r.engine);
    if (!added && known->second != r.engine) several.insert(r.provider);
  }
  return several;
}

}  // namespace

Family family_of(std::string_view provider) {
  if (provider.substr(0, 5) == "int8-") return Family::int8;
  if (provider.substr(0, 4) == "fp8-") return Family::fp8;
  return Family::baseline;
}

bool trusted(const Result& row) {
  return (row.outcome == Outcome::ok || row.outcome == Outcome::noisy) && row.tflops.has_value();
}

bool Column::holds(const Result& row) const {
  return row.provider == provider && (engine.empty() || row.engine == engine) &&
         (cache.empty() || name(row.cache) == cache);
}

std::string Column::label() const {
  std::string text = printable(provider);
  if (!engine.empty()) text += " " + printable(engine);
  if (!cache.empty()) text += " " + cache;
  return text;
}

namespace {

/// Every provider on every engine in both cache states is less than half of it.
constexpr std::size_t max_columns = 1000;

/// Where several engines were asked for, one that multiplies nothing of a provider that another does is no column.
void drop_unsupported(std::vector<Column>& columns, const std::vector<Result>& rows) {
  const auto runs = [&rows](const Column& column) {
    return std::any_of(rows.begin(), rows.end(),
                       [&](const Result& row) { return column.holds(row) && row.outcome != Outcome::unsupported; });
  };
  std::set<std::string> served;  // providers that an engine runs
  std::vector<bool> running;
  for (const Column& column : columns) {
    running.push_back(runs(column));
    if (running.back()) served.insert(column.provider);
  }
  std::vector<Column> kept;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (running[i] || columns[i].engine.empty() || !served.contains(columns[i].provider)) kept.push_back(columns[i]);
  }
  columns = std::move(kept);
}

}  // namespace

std::vector<Column> columns_of(const std::vector<Result>& rows) {
  const auto by_engine = providers_by_engine(rows);
  const auto is_hot = [](const Result& row) { return row.cache == CacheState::hot; };
  const bool by_cache = std::any_of(rows.begin(), rows.end(), is_hot) && !std::all_of(rows.begin(), rows.end(), is_hot);
  std::vector<Column> columns;
  for (const auto& row : rows) {
    Column column{.provider = row.provider, .engine = {}, .cache = {}};
    if (by_engine.contains(row.provider)) column.engine = row.engine;
    if (by_cache) column.cache = name(row.cache);
    if (std::find(columns.begin(), columns.end(), column) != columns.end()) continue;
    if (columns.size() == max_columns) {
      throw InvalidInput(
          fmt::format("the results hold more than {} different providers and engines: no run of qgemm does, "
                      "and no table could show them",
                      max_columns));
    }
    columns.push_back(std::move(column));
  }
  drop_unsupported(columns, rows);
  std::stable_partition(columns.begin(), columns.end(), [](const Column& c) { return c.cache == "hot"; });
  return columns;
}

std::vector<std::int64_t> LayerTable::shown_sizes() const {
  constexpr std::size_t most_shown = 64;
  if (batch_sizes.size() <= most_shown) return batch_sizes;
  std::vector<std::int64_t> shown;
  for (std::size_t i = 0; i < batch_sizes.size(); ++i) {
    const auto round = [](std::int64_t m) { return std::has_single_bit(static_cast<std::uint64_t>(m)); };
    const bool end = i == 0 || i + 1 == batch_sizes.size();
    if (end || round(batch_sizes[i]) || round(batch_sizes[i - 1])) shown.push_back(batch_sizes[i]);
  }
  return shown;
}

std::string LayerTable::hidden_text() const {
  const std::size_t hidden = batch_sizes.size() - shown_sizes().size();
  if (hidden == 0) return {};
  return fmt::format("{} of {} sizes are not shown: all are in --format csv, the plot and the page; see qgemm advise.",
                     hidden, batch_sizes.size());
}

const Result* LayerTable::find(std::int64_t m, const Column& column) const {
  const auto point = rows_of_size.find(m);
  if (point == rows_of_size.end()) return nullptr;
  const auto& there = point->second;
  const auto found = std::find_if(there.rbegin(), there.rend(), [&](const Result* row) { return column.holds(*row); });
  return found == there.rend() ? nullptr : *found;
}

bool LayerTable::has(Family family, bool measured) const {
  return std::any_of(rows.begin(), rows.end(), [&](const Result* row) {
    return family_of(row->provider) == family && (!measured || trusted(*row));
  });
}

std::string LayerTable::title() const {
  const bool fp8 = has(Family::fp8), int8 = has(Family::int8) || !fp8;
  return fmt::format("{}, N={} K={}{}, BF16 vs {}{}{} GEMMs TFLOP/s:", printable(model), n, k,
                     tp == 1 ? "" : fmt::format(", tp={}", tp), int8 ? "INT8" : "", int8 && fp8 ? " and " : "",
                     fp8 ? "FP8" : "");
}

std::vector<LayerTable> layer_tables(const ResultSet& results) {
  const auto columns = columns_of(results.rows);
  std::map<std::tuple<std::string, std::int64_t, std::string, std::int64_t, std::int64_t>, std::size_t> index;
  std::vector<LayerTable> tables;
  for (const auto& row : results.rows) {
    const auto [place, added] =
        index.try_emplace({row.model, row.tp, row.layer, row.shape.n, row.shape.k}, tables.size());
    if (added) {
      LayerTable& table = tables.emplace_back();
      table.model = row.model;
      table.layer = row.layer;
      table.tp = row.tp;
      table.n = row.shape.n;
      table.k = row.shape.k;
    }
    tables[place->second].rows.push_back(&row);
  }
  for (auto& table : tables) {
    for (const auto* row : table.rows) table.rows_of_size[row->shape.m].push_back(row);
    for (const auto& [m, rows] : table.rows_of_size) table.batch_sizes.push_back(m);
    std::copy_if(columns.begin(), columns.end(), std::back_inserter(table.columns), [&](const Column& column) {
      return std::any_of(table.rows.begin(), table.rows.end(), [&](const Result* row) { return column.holds(*row); });
    });
  }
  return tables;
}

}  // namespace qgemm
