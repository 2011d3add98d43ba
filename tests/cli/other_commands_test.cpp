// list, doctor, quantize and limits.
#include <gtest/gtest.h>

#include "program.hpp"
#include "saved_files.hpp"

namespace qgemm {
namespace {

Finished run_here(const Arguments& arguments) {
  const ScratchFolder scratch;
  Finished run = run_program(arguments, {.folder = scratch.path()});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(run.out.find('\x1b'), std::string::npos);
  EXPECT_TRUE(scratch.entries().empty());
  return run;
}

class Lists : public testing::TestWithParam<const char*> {};

TEST_P(Lists, AreTextAndJson) {
  const Json rows = parse_or_fail(run_here({"list", GetParam(), "--json"}).out);
  ASSERT_TRUE(rows.is_array());
  ASSERT_FALSE(rows.empty());
  EXPECT_EQ(lines_of(run_here({"list", GetParam()}).out).size(), rows.size() + 1);  // a heading
}

INSTANTIATE_TEST_SUITE_P(What, Lists, testing::Values("models", "layers", "providers", "engines", "devices", "kernels"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST(List, NarrowsLayersToAModel) {
  const Json rows = parse_or_fail(run_here({"list", "layers", "--models", "Llama-3.1-8B", "--json"}).out);
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0]["layer"], "qkv");
  EXPECT_EQ(rows[0]["n"], 6144);
  EXPECT_EQ(rows[0]["k"], 4096);
}

TEST(List, SaysWhereAnEngineRuns) {
  std::size_t on_cpu = 0;
  for (const auto& row : parse_or_fail(run_here({"list", "engines", "--json"}).out)) {
    on_cpu += row["device"] == "cpu" ? 1U : 0U;
    EXPECT_TRUE(row["device"] == "cpu" || row["device"] == "cuda") << row;
  }
  EXPECT_GE(on_cpu, 1U);
}

TEST(List, EndsItsDevicesWithTheCpu) {
  const Json rows = parse_or_fail(run_here({"list", "devices", "--json"}).out);
  const Json& cpu = rows.back();
  EXPECT_EQ(cpu["device"], "cpu");
  EXPECT_GE(cpu["units"], 1);
  EXPECT_NE(cpu["memory"].get<std::string>().find("iB"), std::string::npos) << cpu;
  for (const char* field : {"name", "isa"}) EXPECT_FALSE(cpu[field].get<std::string>().empty()) << field;
  for (std::size_t i = 0; i + 1 < rows.size(); ++i) {
    EXPECT_EQ(rows[i]["device"], "cuda:" + std::to_string(i)) << rows[i];
  }
}

TEST(Doctor, TellsWhatTheMachineCanRun) {
  const std::string out = run_here({"doctor"}).out;
  for (const char* subject : {"cpu", "memory", "engine", "models", "int8-channel-w-token-a"}) {
    EXPECT_NE(out.find(subject), std::string::npos) << subject;
  }
}

TEST(Help, IsThereForEveryCommand) {
  for (const std::string command : {"bench", "quantize", "limits", "tune", "report", "accuracy", "list", "doctor"}) {
    EXPECT_NE(run_here({"--help"}).out.find("  " + command), std::string::npos) << command;
    EXPECT_NE(run_here({command, "--help"}).out.find("--help"), std::string::npos) << command;
  }
  EXPECT_TRUE(run_here({"--version"}).out.starts_with("qgemm 0."));
}

void expect_limits(const Json& limits) {
  ASSERT_TRUE(limits.is_object());
  EXPECT_TRUE(limits.contains("f32"));
  for (const auto& [name, limit] : limits.items()) {
    EXPECT_GT(limit["value"].get<double>(), 0) << name;
    EXPECT_TRUE(limit["unit"] == "TFLOP/s" || limit["unit"] == "GB/s") << name;
    EXPECT_FALSE(limit["method"].get<std::string>().empty()) << name;
  }
}

TEST(Limits, AreJson) {
  expect_limits(parse_or_fail(run_here({"limits", "--device", "cpu", "--json", "--seconds", "0.1"}).out));
}

TEST(Limits, AreText) {
  EXPECT_NE(run_here({"limits", "--device", "cpu", "--seconds", "0.1", "--threads", "1"}).out.find("1 threads"),
            std::string::npos);
}

TEST(Quantize, MeasuresEverySchemeAndSize) {
  const Json out = parse_or_fail(run_here({"quantize", "--device", "cpu", "--batch-sizes", "1", "3", "--widths", "65",
                                           "--max-time", "0.01", "--min-samples", "3", "--json"})
                                     .out);
  expect_limits(out["limits"]);
  ASSERT_EQ(out["rows"].size(), 8U);  // four schemes
  for (const auto& row : out["rows"]) {
    EXPECT_GT(row["median_us"].get<double>(), 0) << row;
    EXPECT_GT(row["gbps"].get<double>(), 0) << row;
    EXPECT_LE(row["p20_us"], row["p80_us"]) << row;
    EXPECT_EQ(row["bytes"], 3 * 65 * row["m"].get<int>()) << row;  // bf16 read, int8 written
  }
}

}  // namespace
}  // namespace qgemm
