#pragma once
#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace qgemm {

/// An SQLite database. What SQLite refuses is thrown: `InvalidInput` for a file that is no database or is damaged,
/// `Unavailable` for what the system or another process is in the way of; both name the file.
class Database {
 public:
  enum class Mode : std::uint8_t {
    create,    ///< Made where it is missing.
    existing,  ///< Read and written; read alone where it cannot be written.
    frozen,    ///< Read alone, by nobody else written: on a medium where SQLite cannot make its files.
  };
  Database(std::filesystem::path file, Mode mode);

  const std::filesystem::path& file() const { return file_; }
  sqlite3* get() const { return handle_.get(); }
  /// Runs fixed statements without values.
  void run(const char* sql) const;
  /// The same; false where another process is in the way.
  bool try_run(const char* sql) const;
  /// The first value of a statement without values.
  std::int64_t number(const char* sql) const;
  /// Throws what `code` says.
  [[noreturn]] void fail(int code) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::filesystem::path file_;
  std::unique_ptr<sqlite3, Close> handle_;
};

/// A prepared statement. Values only ever come through `bind`; the text of a statement is always a constant.
class Statement {
 public:
  Statement(const Database& database, const char* sql);

  /// The next value, from the first `?` on. Texts may hold any bytes.
  Statement& bind(std::int64_t value);
  Statement& bind(double value);
  Statement& bind(const std::optional<double>& value);
  Statement& bind(std::string_view text);

  /// Steps on; true where there is a row.
  bool next();
  /// Runs it to its end and makes it ready for other values.
  void finish();

  std::int64_t integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }
  std::string text(int column) const;

 private:
  void check(int code) const;

  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };
  const Database& database_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  int bound_ = 0;
};

/// From BEGIN to COMMIT; what is not committed is undone. IMMEDIATE: it waits for its turn to write at the beginning,
/// where waiting works, and not in the middle, where SQLite would refuse at once.
class Transaction {
 public:
  explicit Transaction(const Database& database);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  const Database& database_;
  bool open_ = true;
};

}  // namespace qgemm
