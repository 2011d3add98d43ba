// Ctrl-C, kill -9, and going on where a run ended.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <map>

#include "program.hpp"
#include "saved_files.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

constexpr int shapes = 12;
constexpr std::size_t all_rows = 2 * shapes;

/// Long enough to be stopped in the middle: no row is known to ± 0.001 %, so each takes its --max-time.
Arguments long_sweep(const Arguments& more = {}) {
  Arguments words{"bench", "--device", "cpu", "--shapes"};
  for (int i = 1; i <= shapes; ++i) words.push_back("4x" + std::to_string(16 * i) + "x64");
  words.insert(words.end(), {"--providers", "f32", "int8-channel-w-token-a", "--max-time", "0.15", "--min-samples", "3",
                             "--max-noise", "0.001", "--quiet", "--no-plots", "--out", "run"});
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// Starts the sweep and sends `signal` once four rows are in the journal.
Finished stop_in_the_middle(const ScratchFolder& scratch, int signal) {
  Program program(long_sweep(), {.folder = scratch.path()});
  EXPECT_TRUE(program.wait_until([&] { return journal_rows(scratch / "run").size() >= 4; }));
  program.send(signal);
  return program.finish();
}

std::map<std::string, Json> by_case(const std::vector<Json>& rows) {
  std::map<std::string, Json> found;
  for (const auto& row : rows) found[case_of(row)] = row;
  return found;
}

/// All rows are there, each once, in plan order; those of `before` as they were.
void expect_complete(const fs::path& folder, const std::vector<Json>& before) {
  const Json rows = json_of(folder / "results.json")["rows"];
  ASSERT_EQ(rows.size(), all_rows);
  auto earlier = by_case(before);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i]["n"], 16 * (i / 2 + 1));
    EXPECT_TRUE(measured(rows[i])) << case_of(rows[i]) << " " << rows[i]["message"];
    if (!earlier.contains(case_of(rows[i]))) continue;
    ++kept;
    EXPECT_EQ(rows[i]["samples_us"], earlier[case_of(rows[i])]["samples_us"]) << case_of(rows[i]);
  }
  EXPECT_EQ(kept, before.size());
  EXPECT_EQ(journal_rows(folder).size(), all_rows);
}

class Interrupt : public testing::TestWithParam<int> {};

TEST_P(Interrupt, SavesAndIsGoneOnWith) {
  const ScratchFolder scratch;
  const Finished run = stop_in_the_middle(scratch, GetParam());
  EXPECT_EQ(run.exit_code, 130) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_NE(run.out.find("--resume --out run"), std::string::npos) << run.out;
  EXPECT_EQ(run.out.find("Benchmark finished!"), std::string::npos);

  const Json saved = json_of(scratch / "run/results.json");
  ASSERT_EQ(saved["rows"].size(), all_rows);
  std::vector<Json> before;
  bool skipped = false;
  for (const auto& row : saved["rows"]) {
    if (row["outcome"] == "skipped") {
      EXPECT_FALSE(row["message"].get<std::string>().empty());
      EXPECT_TRUE(row["median_us"].is_null());
      skipped = true;
    } else {
      EXPECT_TRUE(measured(row)) << case_of(row) << " " << row["outcome"];
      before.push_back(row);
    }
  }
  EXPECT_GE(before.size(), 4U);
  EXPECT_TRUE(skipped);
  EXPECT_EQ(journal_rows(scratch / "run").size(), before.size());

  const Finished resumed = run_program(long_sweep({"--resume"}), {.folder = scratch.path()});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_NE(resumed.out.find("Benchmark finished!"), std::string::npos);
  expect_complete(scratch / "run", before);
  // Limits are those of the first run, so that all rows compare.
  EXPECT_EQ(json_of(scratch / "run/results.json")["context"]["limits"], saved["context"]["limits"]);
}

INSTANTIATE_TEST_SUITE_P(Signals, Interrupt, testing::Values(SIGINT, SIGTERM),
                         [](const auto& tested) { return tested.param == SIGINT ? "SIGINT" : "SIGTERM"; });

/// A row that was stopped before it had its samples is not what was asked for: going on has to measure it again.
TEST(Resume, KeepsNoRowThatWasStoppedBeforeItsLeastSamples) {
  const ScratchFolder scratch;
  // 50,000 samples of 0.1 ms take 5 s, so the signal falls among them.
  const Arguments words{"bench",         "--device", "cpu",        "--shapes", "4x64x64",    "--providers", "f32",
                        "--min-samples", "50000",    "--max-time", "60",       "--no-plots", "--out",       "run"};
  Program program(words, {.folder = scratch.path()});
  ASSERT_TRUE(program.wait_until([&] { return fs::exists(scratch / "run/journal.jsonl"); }));
  const auto started = std::chrono::steady_clock::now();
  program.wait_until([&] { return std::chrono::steady_clock::now() - started > std::chrono::milliseconds(700); });
  program.send(SIGINT);
  EXPECT_EQ(program.finish().exit_code, 130);
  const Json saved = json_of(scratch / "run/results.json");
  for (const auto& row : saved["rows"]) {
    EXPECT_TRUE(row["outcome"] == "skipped" || row["samples"] >= 50'000)
        << row["outcome"] << " with " << row["samples"] << " samples";
  }
  EXPECT_EQ(journal_rows(scratch / "run").size(), 0U);
}

/// `timeout` signals its child and then its group, a shell and `make` pass Ctrl-C on: that is no wish to lose the
/// results.
TEST(Interrupt, ThatComesTwiceAtOnceSavesAsWell) {
  const ScratchFolder scratch;
  Program program(long_sweep(), {.folder = scratch.path()});
  EXPECT_TRUE(program.wait_until([&] { return journal_rows(scratch / "run").size() >= 2; }));
  program.send(SIGINT);
  program.send(SIGTERM);
  EXPECT_EQ(program.finish().exit_code, 130);
  EXPECT_EQ(json_of(scratch / "run/results.json")["rows"].size(), all_rows);
}

TEST(Interrupt, WhileLimitsAreMeasuredSkipsEverything) {
  const ScratchFolder scratch;
  Program program(long_sweep(), {.folder = scratch.path()});
  ASSERT_TRUE(program.wait_until([&] { return fs::exists(scratch / "run"); }));
  program.send(SIGINT);
  const Finished run = program.finish();
  EXPECT_EQ(run.exit_code, 130);
  const Json saved = json_of(scratch / "run/results.json");
  for (const auto& row : saved["rows"]) EXPECT_EQ(row["outcome"], "skipped");
}

TEST(Kill, LeavesAJournalThatIsGoneOnWith) {
  const ScratchFolder scratch;
  EXPECT_EQ(stop_in_the_middle(scratch, SIGKILL).exit_code, 128 + SIGKILL);
  const auto before = journal_rows(scratch / "run");
  ASSERT_GE(before.size(), 4U);
  EXPECT_FALSE(fs::exists(scratch / "run/results.json"));
  EXPECT_EQ(run_program({"report", "run"}, {.folder = scratch.path()}).exit_code, 0);

  // As a crash in the middle of a line leaves it.
  put_text(scratch / "run/journal.jsonl", text_of(scratch / "run/journal.jsonl") + R"({"model": "sha)");
  const Finished resumed = run_program(long_sweep({"--resume"}), {.folder = scratch.path()});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  expect_complete(scratch / "run", before);

  // Nothing is missing now: going on measures nothing.
  const std::string complete = text_of(scratch / "run/journal.jsonl");
  EXPECT_EQ(run_program(long_sweep({"--resume"}), {.folder = scratch.path()}).exit_code, 0);
  EXPECT_EQ(text_of(scratch / "run/journal.jsonl"), complete);

  for (const Arguments& other : {Arguments{"--resume", "--seed", "5"}, Arguments{"--resume", "--bias"}}) {
    const Finished refused = run_program(long_sweep(other), {.folder = scratch.path()});
    EXPECT_EQ(refused.exit_code, 2);
    ASSERT_EQ(refused.complaints().size(), 1U) << refused.err;
    EXPECT_NE(refused.err.find(other[1]), std::string::npos) << refused.err;
  }
  EXPECT_EQ(text_of(scratch / "run/journal.jsonl"), complete);
}

TEST(Resume, RefusesAJournalThatWasDamaged) {
  const ScratchFolder scratch;
  fs::create_directories(scratch / "run");
  put_text(scratch / "run/journal.jsonl", "{\"not\": \"ours\"}\n{}\n");
  const Finished run = run_program(long_sweep({"--resume"}), {.folder = scratch.path()});
  EXPECT_EQ(run.exit_code, 2);
  ASSERT_EQ(run.complaints().size(), 1U) << run.err;
  EXPECT_NE(run.err.find("journal.jsonl"), std::string::npos);
}

}  // namespace
}  // namespace qgemm
