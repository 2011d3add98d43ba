#pragma once
#include <cstdint>
#include <filesystem>
#include <vector>

#include "history/sqlite.hpp"
#include "qgemm/history.hpp"

namespace qgemm {

/// A run as it was added, from the columns that every schema has. Throws `InvalidInput` where there is none of that
/// number or what is there cannot be read.
ResultSet read_run(const Database& database, std::int64_t id);

/// Fills in the columns that tell of a run without its JSON; not its folder.
void describe_run(const Database& database, std::int64_t id, const ResultSet& results);

/// Binds what says which case a row is: model, layer, tp, m, n, k, provider, engine, cache.
Statement& bind_case(Statement& statement, const Result& row);

/// Inside a transaction: `History::add`.
std::int64_t add_run(const Database& database, const ResultSet& results, const std::filesystem::path& folder);

/// All runs, the oldest first.
std::vector<HistoryRun> list_runs(const Database& database);

/// Inside a transaction: a run and its rows are gone.
void remove_run(const Database& database, std::int64_t id);

/// `History::trends`.
std::vector<Trend> find_trends(const Database& database, const TrendFilter& filter);

}  // namespace qgemm
