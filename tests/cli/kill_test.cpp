// kill -9 at random moments of a sweep, with its history: what was measured stays, going on ends where an uninterrupted
// run does, and the store of runs is whole. QGEMM_KILLS says how many kills (15), QGEMM_TEST_SEED repeats a test.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <random>

#include "program.hpp"
#include "saved_files.hpp"
#include "store_check.hpp"
#include "test_seed.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

constexpr int shapes = 10;
constexpr std::size_t rows_of_point = 2;

Arguments sweep_into(const std::string& out) {
  Arguments words{"bench", "--device", "cpu", "--threads", "1", "--no-limits", "--shapes"};
  for (int i = 1; i <= shapes; ++i) words.push_back("4x" + std::to_string(16 * i) + "x64");
  words.insert(words.end(), {"--providers", "f32", "int8-channel-w-token-a", "--max-time", "0.03", "--min-samples", "3",
                             "--max-noise", "0.001", "--quiet", "--no-plots", "--out", out});
  return words;
}

/// The journal's lines that have an end.
std::string whole_lines(const fs::path& folder) {
  std::string text = text_of(folder / "journal.jsonl");
  text.erase(text.find_last_of('\n') == std::string::npos ? 0 : text.find_last_of('\n') + 1);
  return text;
}

std::vector<std::string> cases_of(const Json& rows) {
  std::vector<std::string> cases;
  for (const auto& row : rows) cases.push_back(case_of(row));
  return cases;
}

class Kills : public ::testing::Test {
 protected:
  Surroundings surroundings() const {
    return {.folder = scratch_.path(), .environment = {{"QGEMM_HISTORY", store().string()}}};
  }
  fs::path store() const { return scratch_ / "history.sqlite"; }

  /// Runs the sweep, or goes on with it, and kills it after `seconds`. Its end where it came before.
  std::optional<Finished> run(const std::string& out, std::optional<double> seconds) const {
    Arguments words = sweep_into(out);
    if (fs::exists(scratch_ / out)) words.emplace_back("--resume");
    Program program(words, surroundings());
    if (!seconds) return program.finish();
    const auto started = std::chrono::steady_clock::now();
    const std::chrono::duration<double> life(*seconds);
    program.wait_until([&] { return std::chrono::steady_clock::now() - started > life; });
    program.send(SIGKILL);
    const Finished finished = program.finish();
    return finished.exit_code == 128 + SIGKILL ? std::nullopt : std::optional(finished);
  }

  /// What has to hold after every kill; `before` are the lines of the journal that were whole before the run.
  void expect_kept(const std::string& out, const std::string& before) const {
    const fs::path folder = scratch_ / out;
    const std::string lines = whole_lines(folder);
    ASSERT_TRUE(lines.starts_with(before)) << "what was measured before is no longer there as it was";
    // Points are journaled in the order they are measured in, so that all but the last are there whole: at most the one
    // that was being measured is lost.
    const auto cases = cases_of(journal_rows(folder));
    ASSERT_LE(cases.size(), plan_.size());
    const std::size_t whole = cases.size() / rows_of_point * rows_of_point;
    for (std::size_t i = 0; i < cases.size(); ++i) {
      const std::size_t end = i < whole ? whole : plan_.size();
      ASSERT_NE(std::find(plan_.begin(), plan_.begin() + static_cast<std::ptrdiff_t>(end), cases[i]),
                plan_.begin() + static_cast<std::ptrdiff_t>(end))
          << cases[i] << " was measured before its turn";
    }
    if (fs::exists(folder / "results.json")) {
      ASSERT_EQ(json_of(folder / "results.json")["rows"].size(), plan_.size());
    }
    expect_sound(store());
    ASSERT_LE(runs_from(store(), folder), 1);
  }

  void expect_complete(const std::string& out, const Finished& finished) const {
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    const fs::path folder = scratch_ / out;
    const Json rows = json_of(folder / "results.json")["rows"];
    EXPECT_EQ(cases_of(rows), plan_);
    for (const auto& row : rows) EXPECT_TRUE(measured(row)) << case_of(row) << " " << row["message"];
    auto kept = cases_of(journal_rows(folder)), planned = plan_;
    std::sort(kept.begin(), kept.end());
    std::sort(planned.begin(), planned.end());
    EXPECT_EQ(kept, planned) << "each row is journaled once";
    for (const auto& entry : fs::directory_iterator(folder)) {
      EXPECT_FALSE(entry.path().filename().string().starts_with(".qgemm")) << entry.path() << " was left behind";
    }
    expect_sound(store());
    EXPECT_EQ(runs_from(store(), folder), 1);
    EXPECT_EQ(run_program({"history", "export", "last"}, surroundings()).out, text_of(folder / "results.json"));
  }

  ScratchFolder scratch_;
  std::vector<std::string> plan_;  ///< The cases of an uninterrupted run, in order.
};

TEST_F(Kills, LoseAtMostAPointAndNoHistory) {
  const char* wanted = std::getenv("QGEMM_KILLS");
  const int kills = wanted != nullptr ? std::atoi(wanted) : 15;
  const auto seed = qgemm::testing::test_seed();
  std::printf("%d kills, QGEMM_TEST_SEED=%llu\n", kills, static_cast<unsigned long long>(seed));
  const auto whole = run("uninterrupted", std::nullopt);
  plan_ = cases_of(json_of(scratch_ / "uninterrupted/results.json")["rows"]);
  ASSERT_EQ(plan_.size(), shapes * rows_of_point);
  expect_complete("uninterrupted", *whole);

  std::mt19937_64 random(seed);
  int sweeps = 0;
  for (int killed = 0; killed < kills; ++sweeps) {
    SCOPED_TRACE("sweep " + std::to_string(sweeps));
    const std::string out = "run" + std::to_string(sweeps);
    std::optional<Finished> finished;
    while (!finished && killed < kills) {
      const std::string before = whole_lines(scratch_ / out);
      finished = run(out, std::uniform_real_distribution<double>(0, 1.1 * whole->seconds)(random));
      if (!finished) ++killed;
      expect_kept(out, before);
      if (HasFatalFailure()) return;
    }
    if (!finished) finished = run(out, std::nullopt);
    expect_complete(out, *finished);
    if (HasFailure()) return;
  }
  std::printf("%d kills of %d sweeps of %zu rows; an uninterrupted one took %.2f s\n", kills, sweeps, plan_.size(),
              whole->seconds);
}

}  // namespace
}  // namespace qgemm
