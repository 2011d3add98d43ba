#include "history/sqlite.hpp"

#include <fmt/format.h>

#include <utility>

#include "qgemm/error.hpp"

namespace qgemm {
namespace {

/// How long one process waits for another to finish writing: a run takes a fraction of a second to add.
constexpr int patience_ms = 15'000;

constexpr const char* another = "name another file with QGEMM_HISTORY";

/// "file:/path?immutable=1", with what means something in a URI escaped.
std::string frozen_uri(const std::filesystem::path& file) {
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(file).string()) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte >= 0x7f || c == '?' || c == '#' || c == '%') {
      uri += fmt::format("%{:02X}", byte);
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

}  // namespace

Database::Database(std::filesystem::path file, Mode mode) : file_(std::move(file)) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE;
  if (mode == Mode::create) flags |= SQLITE_OPEN_CREATE;
  if (mode == Mode::frozen) flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
  const std::string name = mode == Mode::frozen ? frozen_uri(file_) : std::filesystem::absolute(file_).string();
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &handle, flags, nullptr);
  handle_.reset(handle);  // there is one to close even where opening failed
  if (code != SQLITE_OK) fail(code);
  sqlite3_extended_result_codes(get(), 1);
  sqlite3_busy_timeout(get(), patience_ms);
  // A file that somebody else wrote runs nothing of its own, and no statement spoils the file's structure.
  run("PRAGMA trusted_schema = OFF");
  sqlite3_db_config(get(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
}

void Database::fail(int code) const {
  const std::string place = "the history " + file_.string();
  const std::string reason = get() == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(get());
  switch (code & 0xff) {
    case SQLITE_NOTADB: throw InvalidInput(fmt::format("{} is no store of qgemm's runs: {}", place, another));
    case SQLITE_CORRUPT:
    case SQLITE_MISMATCH:
      throw InvalidInput(fmt::format("{} is damaged ({}): move it away, and a new one is made", place, reason));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw Unavailable(fmt::format("{} is being written by another process for more than {} s: try again, or {}",
                                    place, patience_ms / 1000, another));
    case SQLITE_FULL:
      throw Unavailable(fmt::format("{} cannot be written, the disk is full: make room, or {}", place, another));
    case SQLITE_READONLY:
    case SQLITE_PERM: throw Unavailable(fmt::format("{} cannot be written ({}): {}", place, reason, another));
    case SQLITE_IOERR: throw Unavailable(fmt::format("{} cannot be read or written ({}): {}", place, reason, another));
    case SQLITE_NOMEM: throw OutOfMemory(fmt::format("not enough memory for {}", place));
    default: throw Unavailable(fmt::format("{} cannot be used ({}): {}", place, reason, another));
  }
}

bool Database::try_run(const char* sql) const {
  const int code = sqlite3_exec(get(), sql, nullptr, nullptr, nullptr);
  if ((code & 0xff) == SQLITE_BUSY) return false;
  if (code != SQLITE_OK) fail(code);
  return true;
}

void Database::run(const char* sql) const {
  if (!try_run(sql)) fail(SQLITE_BUSY);
}

std::int64_t Database::number(const char* sql) const {
  Statement statement(*this, sql);
  return statement.next() ? statement.integer(0) : 0;
}

Statement::Statement(const Database& database, const char* sql) : database_(database) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v2(database.get(), sql, -1, &handle, nullptr);
  handle_.reset(handle);
  check(code);
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) database_.fail(code);
}

Statement& Statement::bind(std::int64_t value) {
  check(sqlite3_bind_int64(handle_.get(), ++bound_, value));
  return *this;
}

Statement& Statement::bind(double value) {
  check(sqlite3_bind_double(handle_.get(), ++bound_, value));
  return *this;
}

Statement& Statement::bind(const std::optional<double>& value) {
  if (value) return bind(*value);
  check(sqlite3_bind_null(handle_.get(), ++bound_));
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  // An empty view may point nowhere, which would be NULL.
  const char* data = text.empty() ? "" : text.data();
  check(sqlite3_bind_text64(handle_.get(), ++bound_, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

bool Statement::next() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) database_.fail(code);
  return false;
}

void Statement::finish() {
  while (next()) {
  }
  check(sqlite3_reset(handle_.get()));
  check(sqlite3_clear_bindings(handle_.get()));
  bound_ = 0;
}

std::string Statement::text(int column) const {
  const unsigned char* data = sqlite3_column_text(handle_.get(), column);
  const int bytes = sqlite3_column_bytes(handle_.get(), column);
  return data == nullptr ? std::string()
                         : std::string(reinterpret_cast<const char*>(data), static_cast<std::size_t>(bytes));
}

Transaction::Transaction(const Database& database) : database_(database) { database.run("BEGIN IMMEDIATE"); }

Transaction::~Transaction() {
  // After some errors (a full disk) SQLite has undone it itself; then this does nothing.
  if (open_) sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  database_.run("COMMIT");
  open_ = false;
}

}  // namespace qgemm
