#include "qgemm/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <utility>

#include "history/records.hpp"
#include "history/schema.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

std::int64_t size_of(const fs::path& file) {
  std::error_code error;
  const auto bytes = fs::file_size(file, error);
  return error ? 0 : static_cast<std::int64_t>(bytes);
}

fs::path beside(const fs::path& file, const char* ending) { return fs::path(file.string() + ending); }

Database settled(const fs::path& file, Database::Mode mode) {
  // SQLite takes a file that is shorter than its smallest page for an empty database, and would write over it.
  constexpr std::int64_t smallest_page = 512;
  const std::int64_t bytes = size_of(file);
  if (bytes > 0 && bytes < smallest_page) {
    throw InvalidInput(
        fmt::format("the history {} is no store of qgemm's runs: name another file with QGEMM_HISTORY", file.string()));
  }
  Database database(file, mode);
  settle_schema(database);
  return database;
}

/// Opens a store that exists. On a medium that cannot be written SQLite cannot make the files that readers share; where
/// nobody was cut off while writing, the store alone has everything.
Database open_existing(const fs::path& file) {
  try {
    return settled(file, Database::Mode::existing);
  } catch (const Unavailable&) {
    if (size_of(beside(file, "-wal")) > 0) throw;
    try {
      return settled(file, Database::Mode::frozen);
    } catch (const Unavailable&) {
    }
    throw;
  }
}

void make_folder(const fs::path& file) {
  const fs::path folder = fs::absolute(file).parent_path();
  std::error_code error;
  if (fs::exists(folder, error)) return;
  fs::create_directories(folder, error);
  if (!error) return;
  throw Unavailable(
      fmt::format("the folder of the history {} cannot be made ({}): name another file with QGEMM_HISTORY",
                  file.string(), error.message()));
}

bool goes(const HistoryPrune& prune, const HistoryRun& run, std::int64_t newer, std::int64_t now) {
  if (!prune.keep_last && !prune.older_than_days) return false;
  if (prune.keep_last && newer < *prune.keep_last) return false;
  return !prune.older_than_days || static_cast<double>(now - run.time) > *prune.older_than_days * 86400;
}

}  // namespace

struct History::Store {
  fs::path file;
  std::optional<Database> database;  ///< Empty: nothing is there to be read.

  const Database& open() const {
    if (!database) throw InvalidInput(fmt::format("there is no history {}: `qgemm bench` makes it", file.string()));
    return *database;
  }
};

History::History(const fs::path& file, HistoryAccess access) : store_(std::make_unique<Store>()) {
  store_->file = file;
  std::error_code error;
  if (fs::is_directory(file, error)) {
    throw InvalidInput(fmt::format("the history {} is a folder: name a file with QGEMM_HISTORY", file.string()));
  }
  if (access == HistoryAccess::create) {
    make_folder(file);
    store_->database.emplace(settled(file, Database::Mode::create));
  } else if (fs::exists(file, error) || error) {
    store_->database.emplace(open_existing(file));
  }
}

History::History(History&&) noexcept = default;
History& History::operator=(History&&) noexcept = default;
History::~History() = default;

const fs::path& History::file() const { return store_->file; }

std::int64_t History::bytes() const { return size_of(store_->file) + size_of(beside(store_->file, "-wal")); }

std::int64_t History::add(const ResultSet& results, const fs::path& folder) {
  const Database& database = store_->open();
  Transaction transaction(database);
  const std::int64_t id = add_run(database, results, folder);
  transaction.commit();
  return id;
}

std::vector<HistoryRun> History::runs() const {
  return store_->database ? list_runs(*store_->database) : std::vector<HistoryRun>();
}

ResultSet History::load(std::int64_t id) const { return read_run(store_->open(), id); }

std::vector<Trend> History::trends(const TrendFilter& filter) const {
  return store_->database ? find_trends(*store_->database, filter) : std::vector<Trend>();
}

std::vector<HistoryRun> History::prune(const HistoryPrune& prune) {
  if (prune.keep_last && *prune.keep_last < 0) {
    throw InvalidInput(fmt::format("cannot keep {} runs: give 0 or more", *prune.keep_last));
  }
  if (prune.older_than_days && !(*prune.older_than_days >= 0 && std::isfinite(*prune.older_than_days))) {
    throw InvalidInput(fmt::format("no run is {} days old: give 0 or more", *prune.older_than_days));
  }
  if (!store_->database) return {};
  const Database& database = *store_->database;
  const std::int64_t now = prune.now.value_or(static_cast<std::int64_t>(std::time(nullptr)));
  const auto removable = [&] {
    const auto all = list_runs(database);
    std::vector<HistoryRun> found;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (goes(prune, all[i], static_cast<std::int64_t>(all.size() - 1 - i), now)) found.push_back(all[i]);
    }
    return found;
  };
  if (prune.dry_run) return removable();
  Transaction transaction(database);
  const auto removed = removable();  // as they are now that nobody else writes
  for (const auto& run : removed) remove_run(database, run.id);
  transaction.commit();
  if (!removed.empty()) {
    // Giving space back is a convenience: where others read just now, the next time does it.
    (void)database.try_run("PRAGMA incremental_vacuum");
    (void)database.try_run("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  return removed;
}

}  // namespace qgemm
