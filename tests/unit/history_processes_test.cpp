// Several processes at once, and one that is killed.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <set>
#include <thread>

#include "history/records.hpp"
#include "history/sqlite.hpp"
#include "history_store.hpp"

namespace qgemm {
namespace {

/// A child process that does `work` and nothing else: exit code 0, or 1 where something was thrown.
pid_t start(const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  int code = 0;
  try {
    work();
  } catch (const std::exception& error) {
    ::write(STDERR_FILENO, error.what(), std::string_view(error.what()).size());
    code = 1;
  }
  ::_exit(code);
}

/// Its wait status.
int wait_for(pid_t child) {
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

void expect_whole(const std::filesystem::path& file, const ResultSet& run) {
  {
    const Database database(file, Database::Mode::existing);
    Statement check(database, "PRAGMA integrity_check");
    ASSERT_TRUE(check.next());
    EXPECT_EQ(check.text(0), "ok");
  }
  const History history = old_history(file);
  for (const auto& recorded : history.runs()) EXPECT_EQ(to_json(history.load(recorded.id)), to_json(run));
}

TEST(HistoryProcesses, MakeTheStoreAndAddToItAtOnce) {
  const Scratch scratch;
  const auto file = scratch / "new/h.sqlite";
  const ResultSet run = run_on("2026-01-01T12:00:00Z");
  constexpr int processes = 4, runs = 5;
  std::vector<pid_t> children;
  for (int i = 0; i < processes; ++i) {
    children.push_back(start([&] {
      for (int k = 0; k < runs; ++k) {
        History history = new_history(file);
        history.add(run);
        (void)history.runs();
      }
    }));
  }
  for (const pid_t child : children) EXPECT_EQ(wait_for(child), 0);
  const auto all = numbers(old_history(file).runs());
  EXPECT_EQ(all.size(), static_cast<std::size_t>(processes * runs));
  EXPECT_EQ(std::set<std::int64_t>(all.begin(), all.end()).size(), all.size());
  expect_whole(file, run);
}

// Each round is one chance to look at the store between two steps of another process that makes it.
TEST(HistoryProcesses, MakeTheStoreAtOnceManyTimes) {
  const Scratch scratch;
  const ResultSet run = run_on("2026-01-01T12:00:00Z");
  constexpr int processes = 4, rounds = 60;
  for (int round = 0; round < rounds; ++round) {
    const auto file = scratch / std::to_string(round) / "h.sqlite";
    const auto together = std::chrono::steady_clock::now() + std::chrono::milliseconds(5);
    std::vector<pid_t> children;
    for (int i = 0; i < processes; ++i) {
      children.push_back(start([&, i] {
        std::this_thread::sleep_until(together + std::chrono::microseconds(i * round * 20));
        new_history(file).add(run);
      }));
    }
    for (const pid_t child : children) ASSERT_EQ(wait_for(child), 0) << "round " << round;
    ASSERT_EQ(old_history(file).runs().size(), static_cast<std::size_t>(processes)) << "round " << round;
  }
}

TEST(HistoryProcesses, ReadWhileOneWrites) {
  const Scratch scratch;
  const auto file = scratch / "h.sqlite";
  const ResultSet run = run_on("2026-01-01T12:00:00Z");
  History writer = new_history(file);
  writer.add(run);
  const Database database(file, Database::Mode::existing);
  Transaction transaction(database);
  add_run(database, run, {});
  EXPECT_EQ(numbers(old_history(file).runs()), (Numbers{1}));  // neither waits nor sees half of it
  transaction.commit();
  EXPECT_EQ(numbers(old_history(file).runs()), (Numbers{1, 2}));
}

TEST(HistoryProcesses, OneKilledAmidARunLeavesTheOthers) {
  const Scratch scratch;
  const auto file = scratch / "h.sqlite";
  const ResultSet run = sample_run();
  new_history(file).add(run);
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = start([&] {
    const Database database(file, Database::Mode::existing);
    database.run("PRAGMA cache_size = 2");  // so that pages reach the file before the transaction ends
    const Transaction transaction(database);
    add_run(database, run, {});
    (void)::write(ready[1], "x", 1);
    ::pause();
  });
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_GT(std::filesystem::file_size(file.string() + "-wal"), 0U);
  ::kill(child, SIGKILL);
  EXPECT_TRUE(WIFSIGNALED(wait_for(child)));
  ::close(ready[0]);
  ::close(ready[1]);
  EXPECT_EQ(numbers(old_history(file).runs()), (Numbers{1}));
  expect_whole(file, run);
  EXPECT_EQ(new_history(file).add(run), 2);
}

TEST(HistoryProcesses, KilledAtAnyMomentTheyLeaveWholeRuns) {
  const Scratch scratch;
  const auto file = scratch / "h.sqlite";
  const ResultSet run = run_on("2026-01-01T12:00:00Z");
  for (int i = 0; i < 20; ++i) {
    const pid_t child = start([&] {
      for (;;) new_history(file).add(run);
    });
    std::this_thread::sleep_for(std::chrono::microseconds(500 + 1700 * i));
    ::kill(child, SIGKILL);
    EXPECT_TRUE(WIFSIGNALED(wait_for(child)));
    const auto before = new_history(file).runs().size();
    new_history(file).add(run);
    EXPECT_EQ(old_history(file).runs().size(), before + 1);
  }
  expect_whole(file, run);
}

}  // namespace
}  // namespace qgemm
