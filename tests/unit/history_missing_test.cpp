// A build without SQLite.
#include "qgemm/error.hpp"
#include "qgemm/history.hpp"
#include "results_scratch.hpp"

namespace qgemm {
namespace {

TEST(History, IsMissingWithItsRemedy) {
  const Scratch scratch;
  for (const auto access : {HistoryAccess::existing, HistoryAccess::create}) {
    const std::string told = message_of<Unavailable>([&] { History(scratch / "h.sqlite", access); });
    EXPECT_NE(told.find("libsqlite3-dev"), std::string::npos) << told;
  }
  EXPECT_FALSE(std::filesystem::exists(scratch / "h.sqlite"));
}

}  // namespace
}  // namespace qgemm
