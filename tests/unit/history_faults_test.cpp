// Files that are no store, damaged ones, and places that cannot be written.
#include <sys/stat.h>
#include <unistd.h>

#include "history/sqlite.hpp"
#include "history_store.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

/// Root may write everywhere: these tests are somebody else meanwhile.
class AsNobody {
 public:
  AsNobody() : was_(::geteuid()) {
    if (was_ == 0 && ::seteuid(65534) != 0) was_ = 65534;
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
  ~AsNobody() {
    if (was_ == 0 && ::seteuid(0) != 0) ::abort();
  }

 private:
  uid_t was_;
};

std::string refused(const fs::path& file, HistoryAccess access) {
  return message_of<Error>([&] { (void)History(file, access).runs(); });
}

TEST(HistoryFaults, WhatIsNoStoreIsRefusedAndLeftAlone) {
  const Scratch scratch;
  put_text(scratch / "text", std::string(5000, 'x'));
  put_text(scratch / "short", "x");
  {
    const Database other(scratch / "other.db", Database::Mode::create);
    other.run("CREATE TABLE mine(x); INSERT INTO mine VALUES(1)");
  }
  for (const char* name : {"text", "short", "other.db"}) {
    const std::string before = text_of(scratch / name);
    for (const auto access : {HistoryAccess::existing, HistoryAccess::create}) {
      const std::string told = refused(scratch / name, access);
      EXPECT_NE(told.find("no store of qgemm's runs"), std::string::npos) << name << ": " << told;
      EXPECT_NE(told.find("QGEMM_HISTORY"), std::string::npos) << told;
      EXPECT_NE(told.find(name), std::string::npos) << told;
    }
    EXPECT_TRUE(text_of(scratch / name) == before) << name;
  }
  fs::create_directories(scratch / "folder");
  EXPECT_NE(refused(scratch / "folder", HistoryAccess::create).find("is a folder"), std::string::npos);
}

TEST(HistoryFaults, ADamagedStoreIsAnErrorAndNoCrash) {
  const Scratch scratch;
  const auto file = scratch / "h.sqlite";
  {
    History history = new_history(file);
    for (int i = 0; i < 5; ++i) history.add(sample_run());
  }
  const std::string whole = text_of(file);
  for (std::size_t begin = 100; begin < whole.size(); begin += whole.size() / 23) {
    std::string damaged = whole;
    for (std::size_t i = begin; i < std::min(begin + 300, whole.size()); ++i) damaged[i] = static_cast<char>(i * 37);
    put_text(file, damaged);
    try {
      History history = old_history(file);
      for (const auto& run : history.runs()) (void)history.load(run.id);
      (void)history.trends({});
    } catch (const Error& error) {
      EXPECT_FALSE(std::string(error.what()).empty());
    }
  }
  put_text(file, whole.substr(0, whole.size() / 2));
  EXPECT_THROW((void)old_history(file).load(5), Error);
}

TEST(HistoryFaults, AnEmptyFileBecomesAStore) {
  const Scratch scratch;
  put_text(scratch / "h.sqlite", "");
  EXPECT_EQ(new_history(scratch / "h.sqlite").add(run_on("")), 1);
}

TEST(HistoryFaults, WhereNothingCanBeWrittenItIsStillRead) {
  const Scratch scratch;
  const auto file = scratch / "h.sqlite";
  const ResultSet run = run_on("2026-01-01T12:00:00Z");
  new_history(file).add(run);
  ASSERT_EQ(::chmod(file.c_str(), 0444), 0);
  ASSERT_EQ(::chmod(scratch.path().c_str(), 0555), 0);
  {
    const AsNobody nobody;
    History history = old_history(file);
    EXPECT_EQ(numbers(history.runs()), (Numbers{1}));
    EXPECT_EQ(to_json(history.load(1)), to_json(run));
    EXPECT_THROW(history.add(run), Unavailable);
    EXPECT_THROW(history.prune({.keep_last = 0}), Unavailable);
    const std::string told = message_of<Unavailable>([&] { new_history(file).add(run); });
    EXPECT_NE(told.find("QGEMM_HISTORY"), std::string::npos) << told;
    EXPECT_THROW(new_history(scratch / "below/h.sqlite"), Unavailable);
  }
  ASSERT_EQ(::chmod(scratch.path().c_str(), 0755), 0);
  EXPECT_EQ(to_json(old_history(file).load(1)), to_json(run));
}

TEST(HistoryFaults, BelowAFileIsNoFolder) {
  const Scratch scratch;
  put_text(scratch / "file", "mine");
  const std::string told = refused(scratch / "file/h.sqlite", HistoryAccess::create);
  EXPECT_NE(told.find("file/h.sqlite"), std::string::npos) << told;
  EXPECT_EQ(text_of(scratch / "file"), "mine");
}

}  // namespace
}  // namespace qgemm
