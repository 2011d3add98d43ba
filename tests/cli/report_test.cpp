// Saved results rendered again, and files that are none.
#include <gtest/gtest.h>

#include <algorithm>

#include "measured_run.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

Finished report(const Arguments& arguments, const fs::path& folder) {
  Arguments words{"report"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return run_program(words, {.folder = folder});
}

TEST(Report, GivesTheSameJson) {
  const Finished run = report({"run/results.json", "--format", "json"}, measured_run().folder.parent_path());
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, text_of(measured_run().folder / "results.json"));
}

TEST(Report, GivesTheSameCsv) {
  const Finished run = report({"--format", "csv", "run/results.json"}, measured_run().folder.parent_path());
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, text_of(measured_run().folder / "results.csv"));
}

TEST(Report, RendersTheTableThatBenchPrinted) {
  const Finished run = report({"run"}, measured_run().folder.parent_path());
  EXPECT_EQ(run.exit_code, 0) << run.err;
  ASSERT_FALSE(run.out.empty());
  EXPECT_EQ(measured_run().finished.out.substr(0, run.out.size()), run.out);
}

TEST(Report, ReadsTheJournalAsWell) {
  const ScratchFolder scratch;
  copy_measured_run(scratch / "copy");
  const std::string all = report({"copy"}, scratch.path()).out;
  EXPECT_EQ(report({"copy/journal.jsonl"}, scratch.path()).out, all);
  fs::remove(scratch / "copy/results.json");
  EXPECT_EQ(report({"copy"}, scratch.path()).out, all);  // the folder of a run that was killed
}

TEST(Report, RendersMarkdown) {
  const Finished run = report({"run", "--format", "markdown"}, measured_run().folder.parent_path());
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NE(run.out.find("| "), std::string::npos);
  EXPECT_NE(run.out.find("int8-channel-w-token-a"), std::string::npos);
}

TEST(Report, DrawsPlotsWhereItIsTold) {
  const ScratchFolder scratch;
  for (const std::string format : {"png", "svg"}) {
    const Finished run = report(
        {(measured_run().folder / "results.json").string(), "--format", format, "--out", "plots"}, scratch.path());
    EXPECT_EQ(run.exit_code, 0) << run.err;
    const auto printed = lines_of(run.out);
    EXPECT_EQ(printed.size(), 2U);
    for (const auto& plot : printed) EXPECT_TRUE(fs::is_regular_file(scratch / plot)) << plot;
    EXPECT_TRUE(fs::exists(scratch / ("plots/shapes/tp1/bench_int8_res_n64_k96." + format)));
  }
}

TEST(Report, WithoutATerminalWritesNoEscapeCodes) {
  const auto folder = measured_run().folder;
  EXPECT_EQ(report({"results.json"}, folder).out.find('\x1b'), std::string::npos);
}

TEST(Report, TellsAFullDisk) {
  const Finished run = run_program({"report", "results.json"}, {.folder = measured_run().folder, .stdout_full = true});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(run.complaints().size(), 1U) << run.err;
}

struct BadFile {
  const char* name;
  std::string text;
  const char* told;  ///< Part of the one line on stderr.
};

std::string valid() { return text_of(measured_run().folder / "results.json"); }

class ReportOfNoResult : public testing::Test {
 protected:
  void expect_refused(const BadFile& bad) {
    SCOPED_TRACE(bad.name);
    put_text(scratch_ / bad.name, bad.text);
    const Finished run = report({bad.name}, scratch_.path());
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_EQ(run.out, "");
    ASSERT_EQ(run.complaints().size(), 1U) << run.err;
    EXPECT_NE(run.err.find(bad.name), std::string::npos) << run.err;
    EXPECT_NE(run.err.find(bad.told), std::string::npos) << run.err;
  }

 private:
  ScratchFolder scratch_;
};

TEST_F(ReportOfNoResult, Truncated) {
  for (const std::size_t part : {2, 3, 10})
    expect_refused({"cut.json", valid().substr(0, valid().size() / part), "line"});
}

TEST_F(ReportOfNoResult, Empty) {
  expect_refused({"empty.json", "", "empty.json"});
  expect_refused({"empty.jsonl", "", "no whole line"});
}

TEST_F(ReportOfNoResult, Foreign) {
  expect_refused({"list.json", "[1, 2]", "no qgemm result"});
  expect_refused({"other.json", R"({"benchmarks": []})", "no 'schema'"});
  expect_refused({"rows.json", R"({"schema": 1, "context": {"device": {}}, "rows": 7})", "rows"});
  expect_refused({"row.json", R"({"schema": 1, "context": {"device": {}}, "rows": [{"model": 1}]})", "model"});
  expect_refused({"text.txt", "hello\nthere\n", "text.txt"});
  expect_refused({"deep.json", std::string(100'000, '['), "deep.json"});
}

TEST_F(ReportOfNoResult, Binary) {
  std::string bytes;
  for (int i = 0; i < 4096; ++i) bytes += static_cast<char>(i * 37 % 256);
  expect_refused({"bytes.json", bytes, "bytes.json"});
  expect_refused({"bytes.jsonl", bytes, "bytes.jsonl"});
}

TEST_F(ReportOfNoResult, ALaterSchema) {
  std::string later = valid();
  later.replace(later.find("\"schema\": 1"), 11, "\"schema\": 2");
  expect_refused({"later.json", later, "schema 2"});
}

TEST_F(ReportOfNoResult, Missing) {
  const ScratchFolder scratch;
  for (const std::string name : {"nothing.json", "."}) {
    const Finished run = report({name}, scratch.path());
    EXPECT_EQ(run.exit_code, 2);
    ASSERT_EQ(run.complaints().size(), 1U) << run.err;
    EXPECT_NE(run.err.find(name), std::string::npos) << run.err;
  }
}

TEST(Report, KnowsItsFormats) {
  const Finished run = report({"run", "--format", "pdf"}, measured_run().folder.parent_path());
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.err, "qgemm: unknown format 'pdf': use table, csv, markdown, json, png or svg\n");
}

TEST(Report, PrintsNothingOfOneFileWhereTheNextIsBad) {
  const Finished run = report({"run", "nothing"}, measured_run().folder.parent_path());
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.out, "");
}

}  // namespace
}  // namespace qgemm
