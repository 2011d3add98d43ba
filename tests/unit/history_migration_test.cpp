// A store of schema 1, written here as that schema was, opened by this program.
#include "history/sqlite.hpp"
#include "history_store.hpp"
#include "qgemm/error.hpp"
#include "results/context_json.hpp"
#include "results/json_text.hpp"
#include "results/row_json.hpp"

namespace qgemm {
namespace {

void write_schema_1(const std::filesystem::path& file, const std::vector<ResultSet>& runs) {
  const Database database(file, Database::Mode::create);
  database.run(
      "CREATE TABLE run(id INTEGER PRIMARY KEY AUTOINCREMENT, added INTEGER NOT NULL, results_schema INTEGER NOT NULL,"
      "  context TEXT NOT NULL);"
      "CREATE TABLE result(run INTEGER NOT NULL REFERENCES run(id), place INTEGER NOT NULL, json TEXT NOT NULL,"
      "  PRIMARY KEY(run, place));"
      "PRAGMA application_id = 1902601581; PRAGMA user_version = 1");
  std::int64_t id = 0;
  for (const auto& run : runs) {
    Statement(database, "INSERT INTO run(id, added, results_schema, context) VALUES(?, 1000, 1, ?)")
        .bind(++id)
        .bind(dump_json(write_context(run.context)))
        .finish();
    std::int64_t place = 0;
    for (const auto& row : run.rows) {
      Statement(database, "INSERT INTO result(run, place, json) VALUES(?, ?, ?)")
          .bind(id)
          .bind(place++)
          .bind(dump_json(write_row(row)))
          .finish();
    }
  }
}

std::int64_t schema_of(const std::filesystem::path& file) {
  return Database(file, Database::Mode::existing).number("PRAGMA user_version");
}

/// Tables, columns and indexes, whoever made them.
std::vector<std::string> structure_of(const std::filesystem::path& file) {
  const Database database(file, Database::Mode::existing);
  std::vector<std::string> lines;
  for (Statement s(database, "SELECT name, sql FROM sqlite_master ORDER BY name"); s.next();) {
    lines.push_back(s.text(0) + ": " + s.text(1));
  }
  return lines;
}

TEST(HistoryMigration, KeepsEveryRunAndFillsInWhatIsNew) {
  const Scratch scratch;
  const auto file = scratch / "h.sqlite";
  ResultSet undated = sample_run();
  undated.context.date = "";
  undated.rows[0].outcome = Outcome::failed;
  const std::vector<ResultSet> runs{run_on("2026-01-01T12:00:00Z"), undated};
  write_schema_1(file, runs);
  ASSERT_EQ(schema_of(file), 1);
  {
    History history = old_history(file);
    EXPECT_EQ(to_json(history.load(1)), to_json(runs[0]));
    EXPECT_EQ(to_json(history.load(2)), to_json(runs[1]));
    const auto listed = history.runs();
    EXPECT_EQ(numbers(listed), (Numbers{2, 1}));
    EXPECT_EQ(listed[0].time, 1000);  // when it was added
    EXPECT_EQ(listed[0].bad, 1);
    EXPECT_EQ(listed[1].date, "2026-01-01T12:00:00Z");
    EXPECT_EQ(listed[1].rows, static_cast<std::int64_t>(runs[0].rows.size()));
    const auto trends = history.trends({.layers = {"qkv"}, .providers = {"bf16"}, .batch_sizes = {1}});
    ASSERT_EQ(trends.size(), 1U);
    EXPECT_EQ(trends[0].points.size(), 2U);
    EXPECT_EQ(history.add(run_on("")), 3);
  }
  EXPECT_EQ(schema_of(file), history_schema);
  new_history(scratch / "new.sqlite");
  EXPECT_EQ(structure_of(file), structure_of(scratch / "new.sqlite"));
}

TEST(HistoryMigration, ThatFailsChangesNothing) {
  const Scratch scratch;
  const auto file = scratch / "h.sqlite";
  write_schema_1(file, {run_on("2026-01-01T12:00:00Z")});
  Database(file, Database::Mode::existing).run("UPDATE result SET json = '{\"model\": 3' WHERE place = 1");
  const auto before = structure_of(file);
  const std::string told = message_of<InvalidInput>([&] { old_history(file); });
  EXPECT_NE(told.find("run 1 of the history"), std::string::npos) << told;
  EXPECT_EQ(schema_of(file), 1);
  EXPECT_EQ(structure_of(file), before);
}

TEST(HistoryMigration, OfALaterSchemaIsRefused) {
  const Scratch scratch;
  const auto file = scratch / "h.sqlite";
  new_history(file).add(run_on(""));
  Database(file, Database::Mode::existing).run("PRAGMA user_version = 3");
  for (const auto access : {HistoryAccess::existing, HistoryAccess::create}) {
    const std::string told = message_of<InvalidInput>([&] { History(file, access); });
    EXPECT_NE(told.find("schema 3"), std::string::npos) << told;
    EXPECT_NE(told.find("later qgemm"), std::string::npos) << told;
  }
  EXPECT_EQ(schema_of(file), 3);
}

}  // namespace
}  // namespace qgemm
