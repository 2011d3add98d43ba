// Where the store is.
#include <gtest/gtest.h>

#include "qgemm/error.hpp"
#include "qgemm/history.hpp"
#include "tuning_surroundings.hpp"

namespace qgemm {
namespace {

TEST(HistoryFile, FollowsTheVariables) {
  TuningSurroundings here;
  here.set("QGEMM_HISTORY", "/q/own.db");
  here.set("XDG_DATA_HOME", "/x");
  here.set("HOME", "/h");
  EXPECT_EQ(history_file(), "/q/own.db");
  here.set("QGEMM_HISTORY", "own.db");
  EXPECT_EQ(history_file(), "own.db");
  here.set("QGEMM_HISTORY", "");
  EXPECT_EQ(history_file(), "/x/qgemm/history.sqlite");
  here.set("QGEMM_HISTORY", std::nullopt);
  here.set("XDG_DATA_HOME", "relative");  // the XDG rules: to be ignored
  EXPECT_EQ(history_file(), "/h/.local/share/qgemm/history.sqlite");
  here.set("XDG_DATA_HOME", std::nullopt);
  EXPECT_EQ(history_file(), "/h/.local/share/qgemm/history.sqlite");
  here.set("HOME", std::nullopt);
  const std::string told = message_of<Unavailable>([] { (void)history_file(); });
  EXPECT_NE(told.find("QGEMM_HISTORY"), std::string::npos) << told;
}

}  // namespace
}  // namespace qgemm
