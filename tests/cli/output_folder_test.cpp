// Where results go: never over others, and found to be impossible before anything is measured.
#include <gtest/gtest.h>

#include "measured_run.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

const Arguments tiny{"bench", "--device",   "cpu",  "--shapes",      "4x64x96", "--providers",
                     "f32",   "--max-time", "0.02", "--min-samples", "3",       "--no-plots"};

Arguments tiny_into(const std::string& out) {
  Arguments words = tiny;
  words.insert(words.end(), {"--out", out});
  return words;
}

/// Nothing was measured: the note that comes before it is missing.
void expect_refused(const Finished& run, int exit_code, const std::string& told) {
  EXPECT_EQ(run.exit_code, exit_code);
  EXPECT_EQ(run.out, "");
  ASSERT_EQ(run.complaints().size(), 1U) << run.err;
  EXPECT_NE(run.err.find(told), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("--out"), std::string::npos) << run.err;
}

TEST(OutputFolder, BelowAFileIsRefused) {
  const ScratchFolder scratch;
  put_text(scratch / "file", "x");
  expect_refused(run_program(tiny_into("file/below"), {.folder = scratch.path()}), 3, "file/below");
  expect_refused(run_program(tiny_into("file"), {.folder = scratch.path()}), 3, "file");
  EXPECT_EQ(text_of(scratch / "file"), "x");
}

TEST(OutputFolder, WhereNothingCanBeWrittenIsRefused) {
  const ScratchFolder scratch;
  expect_refused(run_program(tiny_into("/proc/qgemm"), {.folder = scratch.path()}), 3, "/proc/qgemm");
  expect_refused(run_program(tiny_into("/proc/self"), {.folder = scratch.path()}), 3, "/proc/self");
  expect_refused(run_program(tiny_into(std::string(300, 'a')), {.folder = scratch.path()}), 3, "aaa");
}

TEST(OutputFolder, WithResultsIsRefused) {
  const ScratchFolder scratch;
  copy_measured_run(scratch / "run");
  const std::string before = text_of(scratch / "run/results.json");
  expect_refused(run_program(tiny_into("run"), {.folder = scratch.path()}), 2, "--resume");
  fs::remove(scratch / "run/journal.jsonl");
  expect_refused(run_program(tiny_into("run"), {.folder = scratch.path()}), 2, "--resume");
  EXPECT_EQ(text_of(scratch / "run/results.json"), before);
}

TEST(OutputFolder, MayBeThereAndHoldOtherFiles) {
  const ScratchFolder scratch;
  fs::create_directories(scratch / "run");
  put_text(scratch / "run/notes.txt", "mine");
  Arguments words = tiny_into("run");
  words.emplace_back("--quiet");
  EXPECT_EQ(run_program(words, {.folder = scratch.path()}).exit_code, 0);
  EXPECT_EQ(text_of(scratch / "run/notes.txt"), "mine");
  EXPECT_TRUE(fs::exists(scratch / "run/results.json"));
}

TEST(FullDisk, KeepsAndShowsWhatWasMeasuredBefore) {
  const ScratchFolder scratch;
  Arguments words{"bench", "--device", "cpu", "--shapes"};
  for (int n = 16; n <= 256; n += 16) words.push_back("4x" + std::to_string(n) + "x64");
  words.insert(words.end(), {"--providers", "f32", "int8-channel-w-token-a", "--max-time", "0.01", "--min-samples", "3",
                             "--max-noise", "50", "--quiet", "--no-plots", "--out", "run"});
  const Finished run = run_program(words, {.folder = scratch.path(), .largest_file = 24'000});
  EXPECT_EQ(run.exit_code, 3);
  ASSERT_EQ(run.complaints().size(), 1U) << run.err;
  EXPECT_NE(run.err.find("run/journal.jsonl"), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("--resume"), std::string::npos) << run.err;

  const auto rows = journal_rows(scratch / "run");
  ASSERT_GT(rows.size(), 2U);
  ASSERT_LT(rows.size(), 32U);
  EXPECT_NE(run.out.find("shapes, N=16 K=64, BF16 vs INT8 GEMMs TFLOP/s:"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("Summary"), std::string::npos);

  const Finished report = run_program({"report", "run", "--format", "json"}, {.folder = scratch.path()});
  EXPECT_EQ(report.exit_code, 0) << report.err;
  EXPECT_EQ(parse_or_fail(report.out)["rows"].size(), rows.size());

  words.emplace_back("--resume");  // with space again
  EXPECT_EQ(run_program(words, {.folder = scratch.path()}).exit_code, 0);
  const Json resumed = json_of(scratch / "run/results.json")["rows"];
  EXPECT_EQ(resumed.size(), 32U);
  for (std::size_t i = 0; i < rows.size(); ++i)
    EXPECT_EQ(resumed[i]["samples_us"], rows[i]["samples_us"]) << case_of(rows[i]);
}

TEST(FullDisk, FromTheStartCanBeGoneOnWith) {
  const ScratchFolder scratch;
  Arguments words = tiny_into("run");
  words.emplace_back("--quiet");
  const Finished full = run_program(words, {.folder = scratch.path(), .largest_file = 100});
  EXPECT_EQ(full.exit_code, 3);
  EXPECT_EQ(full.complaints().size(), 1U) << full.err;
  words.emplace_back("--resume");
  const Finished run = run_program(words, {.folder = scratch.path()});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(journal_rows(scratch / "run").size(), 1U);
}

}  // namespace
}  // namespace qgemm
