#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <sstream>

#include "qgemm/report.hpp"
#include "report/layer_table.hpp"
#include "report/printable.hpp"
#include "report_golden.hpp"
#include "results_sample.hpp"

namespace qgemm {
namespace {

std::size_t widest_line(const std::string& text) {
  std::istringstream in(text);
  std::size_t widest = 0;
  for (std::string line; std::getline(in, line);) widest = std::max(widest, display_width(line));
  return widest;
}

/// A sweep in which everything that can go wrong did.
ResultSet troubled_run() {
  ResultSet run = sample_run(2, 6);
  const auto spoil = [&](std::size_t i, Outcome outcome, const char* message) {
    run.rows[i].outcome = outcome;
    run.rows[i].message = message;
    if (outcome != Outcome::incorrect && outcome != Outcome::noisy) {
      run.rows[i].tflops.reset();
      run.rows[i].median_us.reset();
    }
  };
  spoil(2, Outcome::incorrect, "3 of 4096 integer sums differ from the reference");
  spoil(9, Outcome::noisy, "");
  run.rows[9].noise_pct = 3.4;
  spoil(15, Outcome::failed, "the library returned invalid_arguments");
  spoil(20, Outcome::out_of_memory, "448.0 MiB were refused");
  for (const std::size_t i : {28U, 34U}) spoil(i, Outcome::unsupported, "needs avx512_vnni, which this CPU lacks");
  spoil(35, Outcome::skipped, "interrupted");
  return run;
}

/// Hot and cold, int8 and fp8, on a GPU under TP 2: too wide for one block.
ResultSet wide_run() {
  ResultSet run;
  run.context.device = {DeviceKind::cuda, "Example GPU", {}};
  for (const CacheState cache : {CacheState::cold, CacheState::hot}) {
    for (const std::int64_t m : {16384, 1}) {
      double tflops = m == 1 ? 2.5 : 700;
      for (const char* provider :
           {"bf16", "int8-tensor-w-tensor-a", "int8-channel-w-token-a", "int8-channel-w-token-a-noquant",
            "fp8-tensor-w-tensor-a", "fp8-channel-w-token-a-noquant"}) {
        Result row = sample_row(provider, m, tflops);
        row.tp = 2;
        row.cache = cache;
        row.speedup = tflops / (m == 1 ? 2.5 : 700);
        run.rows.push_back(row);
        tflops *= 1.137;
      }
    }
  }
  return run;
}

TEST(ReportTable, Default) {
  const ResultSet run = sample_run(2, 6);
  expect_golden("table_cpu.txt", render_table(run));
  expect_golden("summary_cpu.txt", render_summary(run));
  EXPECT_LE(widest_line(render_table(run)), 120U);
}

TEST(ReportTable, TheReferencesTitleComesFirst) {
  const std::string text = render_table(sample_run(1, 1));
  EXPECT_EQ(text.rfind("meta-llama/Llama-3.1-8B-Instruct, N=6144 K=4096, BF16 vs INT8 GEMMs TFLOP/s:\n", 0), 0U);
}

TEST(ReportTable, TheSixDefaultProvidersFitSideBySide) {
  ResultSet run = sample_run(1, 6);
  for (auto& row : run.rows) {
    if (row.shape.m == 1024) row.shape.m = 16384;
    row.outcome = Outcome::noisy;
    row.speedup = 12.345;
  }
  std::istringstream in(render_table(run));
  for (std::string line; std::getline(in, line) && !line.empty();) EXPECT_LE(display_width(line), 120U) << line;
}

TEST(ReportTable, Troubled) {
  expect_golden("table_troubled.txt", render_table(troubled_run()) + render_summary(troubled_run()));
  expect_golden("table_troubled_colour.txt", render_table(troubled_run(), true) + render_summary(troubled_run(), true));
}

TEST(ReportTable, WrongAnswersNeverLookLikeTimings) {
  ResultSet run = sample_run(1, 1);
  run.rows[2].outcome = Outcome::incorrect;
  run.rows[2].tflops = 1234;
  const std::string text = render_table(run) + render_summary(run) + render_markdown(run);
  EXPECT_EQ(text.find("1234"), std::string::npos);
  EXPECT_NE(text.find("INCORRECT"), std::string::npos);
}

TEST(ReportTable, HotAndColdIntAndFp8UnderTp) {
  const std::string text = render_table(wide_run());
  expect_golden("table_wide.txt", text + render_summary(wide_run()));
  EXPECT_LE(widest_line(text), 120U);
}

TEST(ReportTable, SeveralEnginesOfAProviderAreSeveralColumns) {
  ResultSet run = sample_run(1, 2);
  for (std::size_t i = 0, rows = run.rows.size(); i < rows; ++i) {
    if (run.rows[i].provider != "int8-channel-w-token-a") continue;
    Result other = run.rows[i];
    other.engine = "onednn";
    *other.tflops /= 2;
    run.rows.push_back(other);
  }
  expect_golden("table_engines.txt", render_table(run));
}

TEST(ReportTable, AnEngineThatMultipliesNothingOfAProviderIsNoColumn) {
  ResultSet run = sample_run(1, 6);
  const std::size_t rows = run.rows.size();
  for (std::size_t i = 0; i < rows; ++i) {
    Result other = run.rows[i];
    other.engine = "bystander";
    other.outcome = Outcome::unsupported;
    other.tflops.reset();
    other.median_us.reset();
    run.rows.push_back(other);
  }
  EXPECT_EQ(render_table(run, false).find("bystander"), std::string::npos);
  EXPECT_EQ(render_summary(run, false).find("bystander "), std::string::npos);
  // What nobody multiplies is still shown.
  for (auto& row : run.rows) row.outcome = Outcome::unsupported;
  EXPECT_NE(render_table(run, false).find("bystander"), std::string::npos);
}

TEST(ReportTable, HostileNames) {
  ResultSet run = sample_run(1, 1);
  for (auto& row : run.rows) {
    row.model = "evil\x1b[2J\x1b]0;title\x07/\r\nname\u202E\u009B31m";
    row.layer = "\x1b[31mqkv\n";
    row.provider += row.provider == "f32" ? "" : "-\x1b[5m\xffwith-a-very-very-very-very-very-long-name-日本語";
    row.engine = "\x1b[0m";
    row.outcome = Outcome::failed;
    row.message = "line one\nline two\x1b[1m \x80";
  }
  run.context.device.name = "CPU\x1b[0m\n";
  const std::string text = render_table(run) + render_summary(run) + render_markdown(run);
  for (const char c : {'\x1b', '\x07', '\r', '\0'}) EXPECT_EQ(text.find(c), std::string::npos) << static_cast<int>(c);
  EXPECT_EQ(text.find("\xff"), std::string::npos);
  EXPECT_EQ(text.find("\u202E"), std::string::npos);
  EXPECT_EQ(text.find("\u009B"), std::string::npos);
  EXPECT_NE(text.find("line one line two"), std::string::npos);
}

TEST(ReportTable, NothingMeasured) {
  EXPECT_EQ(render_table({}), "No rows were measured.\n");
  EXPECT_NE(render_summary({}).find("0 rows"), std::string::npos);
  EXPECT_FALSE(render_markdown({}).empty());
}

TEST(ReportTable, OfAScanShowsWhereCliffsAreLikely) {
  ResultSet run;
  for (std::int64_t m = 1; m <= 100; ++m) run.rows.push_back(sample_row("bf16", m, 1));
  const LayerTable table = layer_tables(run).at(0);
  EXPECT_EQ(table.shown_sizes(), (std::vector<std::int64_t>{1, 2, 3, 4, 5, 8, 9, 16, 17, 32, 33, 64, 65, 100}));
  for (const std::string& text : {render_table(run), render_markdown(run)}) {
    EXPECT_NE(text.find("86 of 100 sizes are not shown"), std::string::npos) << text;
  }
  run.rows.resize(64);
  EXPECT_EQ(layer_tables(run).at(0).shown_sizes().size(), 64U);
  EXPECT_EQ(render_table(run).find("not shown"), std::string::npos);
}

}  // namespace
}  // namespace qgemm
