#include "history/schema.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "history/records.hpp"
#include "qgemm/error.hpp"
#include "qgemm/history.hpp"
#include "results/json_text.hpp"
#include "results/row_json.hpp"

namespace qgemm {
namespace {

constexpr std::int64_t application_id = 0x7167656d;  // "qgem", in the file's header

/// Schema 1: a run is its context and its rows, as results.json has them. A number is never used twice (AUTOINCREMENT),
/// so that one in somebody's notes stays that run's.
void make_tables(const Database& database) {
  database.run(
      "CREATE TABLE run(id INTEGER PRIMARY KEY AUTOINCREMENT, added INTEGER NOT NULL, results_schema INTEGER NOT NULL,"
      "  context TEXT NOT NULL);"
      "CREATE TABLE result(run INTEGER NOT NULL REFERENCES run(id), place INTEGER NOT NULL, json TEXT NOT NULL,"
      "  PRIMARY KEY(run, place));"
      "PRAGMA application_id = 1902601581");
}

/// Schema 2: what lists and trends ask for stands in columns of its own, so that neither reads the JSON of every row.
void add_columns(const Database& database) {
  database.run(
      "ALTER TABLE run ADD COLUMN time INTEGER NOT NULL DEFAULT 0;"
      "ALTER TABLE run ADD COLUMN date TEXT NOT NULL DEFAULT '';"
      "ALTER TABLE run ADD COLUMN host TEXT NOT NULL DEFAULT '';"
      "ALTER TABLE run ADD COLUMN device TEXT NOT NULL DEFAULT '';"
      "ALTER TABLE run ADD COLUMN command TEXT NOT NULL DEFAULT '';"
      "ALTER TABLE run ADD COLUMN qgemm_version TEXT NOT NULL DEFAULT '';"
      "ALTER TABLE run ADD COLUMN git_revision TEXT NOT NULL DEFAULT '';"
      "ALTER TABLE run ADD COLUMN settings TEXT NOT NULL DEFAULT '';"
      "ALTER TABLE run ADD COLUMN models TEXT NOT NULL DEFAULT '[]';"
      "ALTER TABLE run ADD COLUMN row_count INTEGER NOT NULL DEFAULT 0;"
      "ALTER TABLE run ADD COLUMN measured INTEGER NOT NULL DEFAULT 0;"
      "ALTER TABLE run ADD COLUMN bad INTEGER NOT NULL DEFAULT 0;"
      "ALTER TABLE run ADD COLUMN folder TEXT NOT NULL DEFAULT '';"
      "ALTER TABLE result ADD COLUMN model TEXT NOT NULL DEFAULT '';"
      "ALTER TABLE result ADD COLUMN layer TEXT NOT NULL DEFAULT '';"
      "ALTER TABLE result ADD COLUMN tp INTEGER NOT NULL DEFAULT 1;"
      "ALTER TABLE result ADD COLUMN m INTEGER NOT NULL DEFAULT 0;"
      "ALTER TABLE result ADD COLUMN n INTEGER NOT NULL DEFAULT 0;"
      "ALTER TABLE result ADD COLUMN k INTEGER NOT NULL DEFAULT 0;"
      "ALTER TABLE result ADD COLUMN provider TEXT NOT NULL DEFAULT '';"
      "ALTER TABLE result ADD COLUMN engine TEXT NOT NULL DEFAULT '';"
      "ALTER TABLE result ADD COLUMN cache TEXT NOT NULL DEFAULT '';"
      "CREATE INDEX result_case ON result(model, layer, tp, n, k, m, provider, engine, cache);"
      "CREATE UNIQUE INDEX run_origin ON run(host, date, folder) WHERE folder <> ''");
  std::vector<std::int64_t> ids;
  for (Statement runs(database, "SELECT id FROM run"); runs.next();) ids.push_back(runs.integer(0));
  Statement rows(database, "SELECT place, json FROM result WHERE run = ? ORDER BY place");
  Statement update(database,
                   "UPDATE result SET model = ?, layer = ?, tp = ?, m = ?, n = ?, k = ?, provider = ?, engine = ?,"
                   "  cache = ? WHERE run = ? AND place = ?");
  for (const std::int64_t id : ids) {
    const ResultSet results = read_run(database, id);
    describe_run(database, id, results);
    rows.bind(id);
    std::vector<std::int64_t> places;
    while (rows.next()) places.push_back(rows.integer(0));
    rows.finish();
    for (std::size_t i = 0; i < places.size(); ++i) {
      bind_case(update, results.rows.at(i)).bind(id).bind(places[i]).finish();
    }
  }
}

/// What brings a store from each schema to the next. A new store goes through all of them: there is no second text of
/// the tables that could differ.
constexpr std::array<void (*)(const Database&), history_schema> steps{make_tables, add_columns};

/// Throws for what is no store, or one that this program does not know. Returns its schema; 0: an empty database.
std::int64_t schema_of(const Database& database) {
  // Unfinished, this statement holds what the next two read as it was: another process may be making the store.
  Statement tables(database, "SELECT count(*) FROM sqlite_master");
  const bool empty = !tables.next() || tables.integer(0) == 0;
  const std::int64_t schema = database.number("PRAGMA user_version");
  if (empty && schema == 0) return 0;
  if (database.number("PRAGMA application_id") != application_id || schema < 1) database.fail(SQLITE_NOTADB);
  if (schema > history_schema) {
    throw InvalidInput(fmt::format(
        "the history {} has schema {}, this program reads up to {}: it was written by a later qgemm, use that one, or "
        "name another file with QGEMM_HISTORY",
        database.file().string(), schema, history_schema));
  }
  return schema;
}

/// Readers go on while one writes, and a process that is killed leaves nothing half written. Taking to it needs the
/// file for oneself, which SQLite refuses at once in place of waiting. Where it cannot be had (some network file
/// systems), the store is as safe, and its users wait for one another.
void write_ahead(const Database& database) {
  Statement mode(database, "PRAGMA journal_mode");
  if (mode.next() && mode.text(0) == "wal") return;
  mode.finish();
  for (int tries = 0; tries < 500 && !database.try_run("PRAGMA journal_mode = WAL"); ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace

void settle_schema(const Database& database) {
  const std::int64_t found = schema_of(database);
  if (found == history_schema) return;
  if (sqlite3_db_readonly(database.get(), "main") == 1) {
    throw Unavailable(
        fmt::format("the history {} has schema {} and has to be brought to {}, but it cannot be written: copy it, and "
                    "name the copy "
                    "with QGEMM_HISTORY",
                    database.file().string(), found, history_schema));
  }
  if (found == 0) database.run("PRAGMA auto_vacuum = INCREMENTAL");  // only before there is a table
  write_ahead(database);
  Transaction transaction(database);
  for (std::int64_t schema = schema_of(database); schema < history_schema; ++schema) {  // another may have been first
    steps.at(static_cast<std::size_t>(schema))(database);
  }
  static_assert(history_schema == 2, "the number in the statement below");
  database.run("PRAGMA user_version = 2");
  transaction.commit();
}

}  // namespace qgemm
