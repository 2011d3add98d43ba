// A build without SQLite: there is no history, and every way to it says so.
#include "qgemm/error.hpp"
#include "qgemm/history.hpp"

namespace qgemm {

struct History::Store {
  std::filesystem::path file;
};

History::History(const std::filesystem::path& /*file*/, HistoryAccess /*access*/) {
  throw Unavailable(
      "this build has no SQLite, which keeps the history: apt-get install libsqlite3-dev, then build again (make "
      "build)");
}
History::History(History&&) noexcept = default;
History& History::operator=(History&&) noexcept = default;
History::~History() = default;

// No object is ever made that these could be called on.
const std::filesystem::path& History::file() const { return store_->file; }
std::int64_t History::bytes() const { return 0; }
std::int64_t History::add(const ResultSet& /*results*/, const std::filesystem::path& /*folder*/) { return 0; }
std::vector<HistoryRun> History::runs() const { return {}; }
ResultSet History::load(std::int64_t /*id*/) const { return {}; }
std::vector<Trend> History::trends(const TrendFilter& /*filter*/) const { return {}; }
std::vector<HistoryRun> History::prune(const HistoryPrune& /*prune*/) { return {}; }

}  // namespace qgemm
