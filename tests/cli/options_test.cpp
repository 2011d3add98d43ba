// Options that change what is measured: --plan, --config, --max-memory.
#include <gtest/gtest.h>

#include "program.hpp"
#include "saved_files.hpp"

namespace qgemm {
namespace {

Finished plan(const Arguments& more, const ScratchFolder& scratch) {
  Arguments words{"bench", "--plan", "--device", "cpu"};
  words.insert(words.end(), more.begin(), more.end());
  return run_program(words, {.folder = scratch.path()});
}

std::size_t lines_with(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (const auto& line : lines_of(text)) count += line.find(part) != std::string::npos ? 1U : 0U;
  return count;
}

TEST(Plan, PrintsPointsMemoryAndTimeAndWritesNothing) {
  const ScratchFolder scratch;
  const Finished run =
      plan({"--models", "3.1-8B", "--tp-sizes", "1", "2", "--batch-sizes", "16", "128", "--out", "run"}, scratch);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(lines_with(run.out, "meta-llama/Llama-3.1-8B-Instruct"), 16U);  // 4 layers × 2 TP × 2 M
  EXPECT_NE(run.out.find("96 rows at 16 points"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("iB"), std::string::npos);
  EXPECT_NE(run.out.find("int8-channel-w-token-a/"), std::string::npos);
  EXPECT_EQ(run.out.find('\x1b'), std::string::npos);
  EXPECT_TRUE(scratch.entries().empty());
}

TEST(Plan, NamesProvidersThatCannotRun) {
  const ScratchFolder scratch;
  const Finished run = plan({"--shapes", "4x64x96", "--providers", "fp8-*-token-a", "--cache", "hot", "cold"}, scratch);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(lines_with(run.out, "/unsupported"), 2U) << run.out;
}

TEST(Plan, HasALineForAllSizesOfAScan) {
  const ScratchFolder scratch;
  const Finished run = plan({"--models", "3.1-8B", "--scan-m", "1:256", "--cache", "hot", "cold"}, scratch);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(lines_with(run.out, " 1…256 "), 8U) << run.out;  // 4 layers × 2 cache states
  EXPECT_NE(run.out.find("12288 rows at 2048 points"), std::string::npos) << run.out;
}

TEST(Config, OfTwoFlagsThatSayWhichMTheCommandLinesWins) {
  const ScratchFolder scratch;
  put_text(scratch / "scan.toml", "scan-m = \"8:10\"\n");
  put_text(scratch / "sizes.toml", "batch-sizes = [1, 2]\n");
  put_text(scratch / "both.toml", "batch-sizes = [1, 2]\nscan-m = \"8:10\"\n");
  EXPECT_NE(plan({"--config", "scan.toml"}, scratch).out.find(" 8…10 "), std::string::npos);
  EXPECT_NE(plan({"--config", "sizes.toml", "--scan-m", "3:5"}, scratch).out.find(" 3…5 "), std::string::npos);
  EXPECT_NE(plan({"--config", "scan.toml", "--batch-sizes", "7"}, scratch).out.find("at 4 points"), std::string::npos);
  const Finished both = plan({"--config", "both.toml"}, scratch);
  EXPECT_EQ(both.exit_code, 2);
  EXPECT_EQ(both.complaints().size(), 1U) << both.err;
}

TEST(Config, GivesFlagsAndTheCommandLineWins) {
  const ScratchFolder scratch;
  put_text(scratch / "sweep.toml",
           "# what we serve\n"
           "models = [\"Llama-3.1-8B\"]  # a unique part\n"
           "batch-sizes = [\n  16,\n  1_024, # two\n]\n"
           "providers = ['bf16', \"int8-*-token-a\"]\n"
           "layers = \"o\"\n"
           "tp-sizes = [1, 2]\n"
           "cache = \"hot\"\n"
           "max-time = 1e-1\n"
           "plan = true\n"
           "bias = false\n");
  const Finished run = run_program({"bench", "--config", "sweep.toml", "--device", "cpu", "--tp-sizes", "4"},
                                   {.folder = scratch.path()});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(lines_with(run.out, "meta-llama/Llama-3.1-8B-Instruct"), 2U) << run.out;  // o × TP 4 × M 16, 1024
  EXPECT_EQ(lines_with(run.out, " hot "), 2U);
  EXPECT_NE(run.out.find("6 rows at 2 points"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find(" 1024    4096    1024 "), std::string::npos) << run.out;
}

TEST(Config, MayNameItsTable) {
  const ScratchFolder scratch;
  put_text(scratch / "sweep.toml",
           "[bench]\nshapes = [\"4x64x96\"]\nplan = true\nbatch-sizes = []\ndevice = \"cpu\"\n");
  const Finished run = run_program({"bench", "--config", "sweep.toml"}, {.folder = scratch.path()});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NE(run.out.find("6 rows at 1 points"), std::string::npos) << run.out;
}

TEST(Config, LeavesTheLimitsOut) {
  const ScratchFolder scratch;
  put_text(scratch / "sweep.toml",
           "shapes = [\"4x64x96\"]\nproviders = [\"bf16\"]\nno-limits = true\nmax-time = 0.01\n");
  const Finished run = run_program({"bench", "--config", "sweep.toml", "--device", "cpu", "--no-plots", "--out", "run"},
                                   {.folder = scratch.path()});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err.find("limits"), std::string::npos) << run.err;
  const Json saved = json_of(scratch / "run/results.json");
  EXPECT_EQ(saved["context"]["options"]["no-limits"], true);
  EXPECT_TRUE(saved["context"]["limits"].empty());
  EXPECT_TRUE(saved["rows"][0]["limit_share"].is_null());
  EXPECT_FALSE(saved["rows"][0]["median_us"].is_null());
}

struct BrokenConfig {
  const char* text;
  const char* told;
};

class BrokenConfigs : public testing::TestWithParam<BrokenConfig> {};

TEST_P(BrokenConfigs, AreTold) {
  const ScratchFolder scratch;
  put_text(scratch / "sweep.toml", std::string("shapes = [\"4x64x96\"]\n") + GetParam().text);
  const Finished run = run_program({"bench", "--config", "sweep.toml", "--plan"}, {.folder = scratch.path()});
  EXPECT_EQ(run.exit_code, 2);
  ASSERT_EQ(run.complaints().size(), 1U) << run.err;
  EXPECT_TRUE(run.err.starts_with("qgemm: sweep.toml: line ")) << run.err;
  EXPECT_NE(run.err.find(GetParam().told), std::string::npos) << run.err;
}

const std::vector<BrokenConfig> broken_configs{
    {"batch-sizes = [1, 2\n", "no closing ]"},
    {"batch-sizes = [1 2]\n", "no comma"},
    {"data = \"normal\n", "no closing \""},
    {"data = normal\n", "'normal' is no value"},
    {"batch-sizes\n", "line 2: 'batch-sizes' is no `key = value`"},
    {"= 3\n", "no `key = value`"},
    {"seed = 3 4\n", "left over"},
    {"seed =\n", "no value"},
    {"seed = 1\nseed = 2\n", "line 3: seed is given twice"},
    {"batch-size = 16\n", "nearest are batch-sizes"},
    {"config = \"other.toml\"\n", "no flag 'config'"},
    {"batch-sizes = [16, \"x\"]\n", "'x' is no whole number"},
    {"seed = -1\n", "'-1' is no whole number"},
    {"seed = [1, 2]\n", "seed must be one value"},
    {"max-time = \"long\"\n", "long"},
    {"bias = 1\n", "bias must be true or false"},
    {"[limits]\nthreads = 1\n", "[bench]"},
    {"\x01\x02\x03\n", "no `key = value`"},
};
INSTANTIATE_TEST_SUITE_P(Toml, BrokenConfigs, testing::ValuesIn(broken_configs));

/// One provider's rows, with the memory the sweep may use.
Json rows_within(const std::string& gib, const Arguments& sweep, const ScratchFolder& scratch) {
  Arguments words{"bench",      "--device", "cpu", "--max-time",   "0.01", "--min-samples", "3", "--quiet",
                  "--no-plots", "--out",    "run", "--max-memory", gib};
  words.insert(words.end(), sweep.begin(), sweep.end());
  const Finished run = run_program(words, {.folder = scratch.path()});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  return json_of(scratch / "run/results.json")["rows"];
}

TEST(MaxMemory, ThatHoldsNothingGivesRowsThatSaySo) {
  const ScratchFolder scratch;
  const Json rows = rows_within("0.001", {"--shapes", "64x2048x2048"}, scratch);
  EXPECT_EQ(rows.size(), 6U);
  for (const auto& row : rows) {
    EXPECT_EQ(row["outcome"], "out_of_memory") << case_of(row);
    EXPECT_NE(row["message"].get<std::string>().find("where 1.0 MiB may be used"), std::string::npos) << row["message"];
    EXPECT_TRUE(row["median_us"].is_null());
  }
}

TEST(MaxMemory, InBetweenLeavesOutOnlyTheLargeProviders) {
  const ScratchFolder scratch;
  // Hot: one set of packed weights. 2048 × 2048 in f32 are 16 MiB, in int8 4 MiB; both need the bf16 original (8 MiB).
  const Json rows = rows_within(
      "0.028", {"--shapes", "8x2048x2048", "--cache", "hot", "--providers", "f32", "int8-channel-w-token-a-noquant"},
      scratch);
  EXPECT_EQ(find_row(rows, "f32")["outcome"], "out_of_memory") << rows.dump(1);
  EXPECT_TRUE(measured(find_row(rows, "int8-channel-w-token-a-noquant"))) << rows.dump(1);
}

}  // namespace
}  // namespace qgemm
