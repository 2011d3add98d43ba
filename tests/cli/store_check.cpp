#include "store_check.hpp"

#include <gtest/gtest.h>

#include <string>

#ifdef QGEMM_HAVE_SQLITE
#include <sqlite3.h>

namespace qgemm {
namespace {

/// The first column of a query's first row. The store is opened for writing, so that what a killed process left in its
/// log is brought in, as every program that opens it does.
std::string answer(const std::filesystem::path& store, const char* sql, const std::string& bound = {}) {
  sqlite3* database = nullptr;
  sqlite3_stmt* statement = nullptr;
  std::string text = "no answer";
  if (sqlite3_open_v2(store.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK &&
      sqlite3_prepare_v2(database, sql, -1, &statement, nullptr) == SQLITE_OK) {
    if (!bound.empty()) sqlite3_bind_text(statement, 1, bound.c_str(), -1, SQLITE_TRANSIENT);
    if (sqlite3_step(statement) == SQLITE_ROW) {
      text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    }
  }
  if (text == "no answer") text += std::string(": ") + sqlite3_errmsg(database);
  sqlite3_finalize(statement);
  sqlite3_close(database);
  return text;
}

bool has_runs(const std::filesystem::path& store) {
  return std::filesystem::exists(store) &&
         answer(store, "SELECT count(*) FROM sqlite_master WHERE name = 'run'") == "1";
}

}  // namespace

void expect_sound(const std::filesystem::path& store) {
  if (!std::filesystem::exists(store)) return;
  EXPECT_EQ(answer(store, "PRAGMA integrity_check"), "ok");
}

int runs_from(const std::filesystem::path& store, const std::filesystem::path& folder) {
  if (!has_runs(store)) return 0;
  return std::stoi(
      answer(store, "SELECT count(*) FROM run WHERE folder = ?", std::filesystem::weakly_canonical(folder).string()));
}

}  // namespace qgemm
#else
namespace qgemm {

void expect_sound(const std::filesystem::path&) {}
int runs_from(const std::filesystem::path&, const std::filesystem::path&) { return 1; }

}  // namespace qgemm
#endif
