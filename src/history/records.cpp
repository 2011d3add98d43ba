#include "history/records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "history/run_facts.hpp"
#include "qgemm/error.hpp"
#include "qgemm/results.hpp"
#include "results/context_json.hpp"
#include "results/json_text.hpp"
#include "results/row_json.hpp"

namespace qgemm {
namespace {

std::int64_t count(const std::vector<Result>& rows, Outcome one, Outcome other) {
  return std::count_if(rows.begin(), rows.end(),
                       [&](const Result& row) { return row.outcome == one || row.outcome == other; });
}

/// The run that this one goes on with; 0 where it is a new one.
std::int64_t earlier_run(const Database& database, const Context& context, const std::string& folder) {
  if (folder.empty()) return 0;
  Statement find(database, "SELECT id FROM run WHERE host = ? AND date = ? AND folder = ? AND folder <> ''");
  find.bind(context.host).bind(context.date).bind(folder);
  return find.next() ? find.integer(0) : 0;
}

std::vector<std::string> texts_in(const std::string& json, const std::string& source) {
  std::vector<std::string> texts;
  const Json list = parse_json(json, source);
  if (!list.is_array()) throw InvalidInput(source + " must be a list, not " + kind_of(list));
  for (const auto& entry : list) read_value(entry, texts.emplace_back());
  return texts;
}

std::string absolute_folder(const std::filesystem::path& folder) {
  if (folder.empty()) return {};
  std::error_code error;
  const auto whole = std::filesystem::weakly_canonical(folder, error);
  return (error ? std::filesystem::absolute(folder) : whole).string();
}

}  // namespace

ResultSet read_run(const Database& database, std::int64_t id) {
  const std::string source = fmt::format("run {} of the history {}", id, database.file().string());
  Statement run(database, "SELECT results_schema, context FROM run WHERE id = ?");
  run.bind(id);
  if (!run.next()) {
    throw InvalidInput(fmt::format("there is no run {} in the history {}: qgemm history list has those there are", id,
                                   database.file().string()));
  }
  const Json head{{"schema", run.integer(0)}, {"context", parse_json(run.text(1), source)}};
  check_schema(head, source);
  ResultSet results;
  results.context = read_context_of(head, source);
  Statement rows(database, "SELECT json FROM result WHERE run = ? ORDER BY place");
  rows.bind(id);
  while (rows.next()) {
    const std::string place = fmt::format("{}: rows[{}]", source, results.rows.size());
    results.rows.push_back(read_row(parse_json(rows.text(0), place), place));
  }
  return results;
}

void describe_run(const Database& database, std::int64_t id, const ResultSet& results) {
  const Context& context = results.context;
  Statement added(database, "SELECT added FROM run WHERE id = ?");
  added.bind(id);
  const std::int64_t otherwise = added.next() ? added.integer(0) : 0;
  Statement(database,
            "UPDATE run SET time = ?, date = ?, host = ?, device = ?, command = ?, qgemm_version = ?, git_revision = ?,"
            "  settings = ?, models = ?, row_count = ?, measured = ?, bad = ? WHERE id = ?")
      .bind(seconds_of(context.date).value_or(otherwise))
      .bind(context.date)
      .bind(context.host)
      .bind(context.device.name)
      .bind(context.command)
      .bind(context.qgemm_version)
      .bind(context.git_revision)
      .bind(settings_of(context))
      .bind(dump_json(Json(models_of(results.rows))))
      .bind(static_cast<std::int64_t>(results.rows.size()))
      .bind(count(results.rows, Outcome::ok, Outcome::noisy))
      .bind(count(results.rows, Outcome::incorrect, Outcome::failed))
      .bind(id)
      .finish();
}

Statement& bind_case(Statement& statement, const Result& row) {
  return statement.bind(row.model)
      .bind(row.layer)
      .bind(row.tp)
      .bind(row.shape.m)
      .bind(row.shape.n)
      .bind(row.shape.k)
      .bind(row.provider)
      .bind(row.engine)
      .bind(name(row.cache));
}

std::int64_t add_run(const Database& database, const ResultSet& results, const std::filesystem::path& folder) {
  const std::string origin = absolute_folder(folder);
  const std::string context = dump_json(write_context(results.context));
  std::int64_t id = earlier_run(database, results.context, origin);
  if (id != 0) {
    Statement(database, "DELETE FROM result WHERE run = ?").bind(id).finish();
    Statement(database, "UPDATE run SET results_schema = ?, context = ? WHERE id = ?")
        .bind(std::int64_t{results_schema})
        .bind(context)
        .bind(id)
        .finish();
  } else {
    Statement(database, "INSERT INTO run(added, results_schema, context, folder) VALUES(?, ?, ?, '')")
        .bind(static_cast<std::int64_t>(std::time(nullptr)))
        .bind(std::int64_t{results_schema})
        .bind(context)
        .finish();
    id = sqlite3_last_insert_rowid(database.get());
  }
  describe_run(database, id, results);
  Statement(database, "UPDATE run SET folder = ? WHERE id = ?").bind(origin).bind(id).finish();
  Statement row(database,
                "INSERT INTO result(model, layer, tp, m, n, k, provider, engine, cache, run, place, json)"
                "  VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  std::int64_t place = 0;
  for (const auto& result : results.rows) {
    bind_case(row, result).bind(id).bind(place++).bind(dump_json(write_row(result))).finish();
  }
  return id;
}

std::vector<HistoryRun> list_runs(const Database& database) {
  std::vector<HistoryRun> runs;
  Statement list(database,
                 "SELECT id, time, date, host, device, command, qgemm_version, git_revision, folder, models, row_count,"
                 "  measured, bad FROM run ORDER BY time, id");
  while (list.next()) {
    HistoryRun run;
    run.id = list.integer(0);
    run.time = list.integer(1);
    run.date = list.text(2);
    run.host = list.text(3);
    run.device = list.text(4);
    run.command = list.text(5);
    run.qgemm_version = list.text(6);
    run.git_revision = list.text(7);
    run.folder = list.text(8);
    run.models = texts_in(list.text(9), fmt::format("run {} of the history {}", run.id, database.file().string()));
    run.rows = list.integer(10);
    run.measured = list.integer(11);
    run.bad = list.integer(12);
    runs.push_back(std::move(run));
  }
  return runs;
}

void remove_run(const Database& database, std::int64_t id) {
  Statement(database, "DELETE FROM result WHERE run = ?").bind(id).finish();
  Statement(database, "DELETE FROM run WHERE id = ?").bind(id).finish();
}

}  // namespace qgemm
