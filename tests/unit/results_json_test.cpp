// What is written is read back the same: every field, in the contract's order.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "qgemm/results.hpp"
#include "results/fields.hpp"
#include "results/row_json.hpp"
#include "results_sample.hpp"

namespace qgemm {
namespace {

ResultSet round_trip(const ResultSet& run) { return parse_results(to_json(run), "test"); }

/// Rows are compared field by field through the schema, so that no field can be forgotten here.
void expect_same_row(const Result& a, const Result& b) {
  for (const auto& field : row_fields()) EXPECT_EQ(field.get(a), field.get(b)) << field.name;
}

TEST(ResultsJson, RowKeysAreTheContractsInOrder) {
  std::vector<std::string> names;
  const Json row = write_row(Result{});
  for (const auto& [name, value] : row.items()) names.push_back(name);
  const std::vector<std::string> expected{"model",
                                          "layer",
                                          "tp",
                                          "m",
                                          "n",
                                          "k",
                                          "provider",
                                          "engine",
                                          "kernel",
                                          "cache",
                                          "outcome",
                                          "message",
                                          "median_us",
                                          "p20_us",
                                          "p80_us",
                                          "samples",
                                          "noise_pct",
                                          "drift_pct",
                                          "samples_us",
                                          "samples_mhz",
                                          "clock_exponent",
                                          "tflops",
                                          "tflops_low",
                                          "tflops_high",
                                          "speedup",
                                          "speedup_noise_pct",
                                          "speedup_f32",
                                          "limit_us",
                                          "limit_share",
                                          "bound",
                                          "quantize_us",
                                          "gemm_us",
                                          "launch_us",
                                          "sqnr_db",
                                          "rel_error",
                                          "max_abs_error",
                                          "exact",
                                          "clock_mhz",
                                          "power_w",
                                          "temperature_c",
                                          "throttle",
                                          "typical_clock_us",
                                          "working_set_bytes",
                                          "repro"};
  EXPECT_EQ(names, expected);
}

TEST(ResultsJson, EveryFieldIsFilledInTheFullRow) {
  for (const auto& field : row_fields()) EXPECT_NE(field.get(full_row()), field.get(Result{})) << field.name;
}

TEST(ResultsJson, FullAndEmptyRowsRoundTrip) {
  ResultSet run = sample_run(1, 1);
  Result empty;
  empty.shape = {1, 1, 1};
  run.rows = {full_row(), empty};
  const ResultSet read = round_trip(run);
  ASSERT_EQ(read.rows.size(), 2U);
  expect_same_row(read.rows[0], full_row());
  expect_same_row(read.rows[1], empty);
  EXPECT_EQ(read.rows[0].samples_us, full_row().samples_us);
  EXPECT_EQ(read.rows[0].shape, full_row().shape);
  EXPECT_EQ(read.rows[0].bound, Bound::cache);
  EXPECT_FALSE(read.rows[1].measured());
}

TEST(ResultsJson, EmptyOptionalsAreNull) {
  const auto row = nlohmann::json::parse(to_json({.context = {}, .rows = {Result{}}}))["rows"][0];
  for (const char* name : {"median_us", "speedup", "bound", "exact", "throttle"})
    EXPECT_TRUE(row[name].is_null()) << name;
}

TEST(ResultsJson, NumbersThatJsonLacksSurvive) {
  Result row = full_row();
  row.sqnr_db = std::numeric_limits<double>::infinity();
  row.rel_error = std::nan("");
  row.max_abs_error = -std::numeric_limits<double>::infinity();
  const auto read = round_trip({.context = {}, .rows = {row}}).rows.at(0);
  EXPECT_EQ(read.sqnr_db, row.sqnr_db);
  EXPECT_EQ(read.max_abs_error, row.max_abs_error);
  EXPECT_TRUE(read.rel_error && std::isnan(*read.rel_error));
}

TEST(ResultsJson, DoublesRoundTripBitForBit) {
  Result row = full_row();
  row.samples_us = {0.1 + 0.2, 5e-324, 1.7976931348623157e308, 1.0 / 3, 16};
  EXPECT_EQ(round_trip({.context = {}, .rows = {row}}).rows.at(0).samples_us, row.samples_us);
}

TEST(ResultsJson, ContextRoundTrips) {
  ResultSet run = sample_run(1, 1);
  run.context.seed = std::numeric_limits<std::uint64_t>::max();
  run.context.device.properties = {{"isa", std::string("avx512")},
                                   {"cores", std::int64_t{2}},
                                   {"ghz", 2.0},
                                   {"smt", true},
                                   {"unknown", std::monostate{}},
                                   {"l2", std::vector<std::int64_t>{1, 2}},
                                   {"libraries", std::vector<std::string>{"oneDNN 2.6"}}};
  run.context.options = {{"models", std::vector<std::string>{"a/b", "c"}},
                         {"batch-sizes", std::vector<std::int64_t>{16, 1}}};
  const Context& read = round_trip(run).context;
  EXPECT_EQ(read.date, run.context.date);
  EXPECT_EQ(read.host, run.context.host);
  EXPECT_EQ(read.command, run.context.command);
  EXPECT_EQ(read.seed, run.context.seed);
  EXPECT_EQ(read.device.kind, run.context.device.kind);
  EXPECT_EQ(read.device.name, run.context.device.name);
  EXPECT_EQ(read.device.properties, run.context.device.properties);
  EXPECT_EQ(read.options, run.context.options);
  ASSERT_EQ(read.limits.size(), 1U);
  EXPECT_EQ(read.limits[0].value, 1.459);
  EXPECT_EQ(read.limits[0].unit, "TFLOP/s");
  EXPECT_EQ(read.limits[0].method, run.context.limits[0].method);
}

TEST(ResultsJson, OperandsRoundTripAndOlderFilesHaveNone) {
  ResultSet run = sample_run(1, 1);
  EXPECT_EQ(to_json(run).find("operands"), std::string::npos);
  EXPECT_TRUE(round_trip(run).context.operands.empty());
  run.context.operands = {{"activations", "int8", "token-azp", "outlier", 127, 1.25, 6.5, 65536},
                          {"weights", "e4m3", "channel", "zeros", 0, 100, 0, 4096}};
  const auto read = round_trip(run).context.operands;
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].of, "activations");
  EXPECT_EQ(read[0].type, "int8");
  EXPECT_EQ(read[0].granularity, "token-azp");
  EXPECT_EQ(read[0].data, "outlier");
  EXPECT_EQ(read[0].absmax, 127);
  EXPECT_EQ(read[0].zeros_pct, 1.25);
  EXPECT_EQ(read[0].entropy_bits, 6.5);
  EXPECT_EQ(read[0].elements, 65536);
  EXPECT_EQ(to_json(round_trip(run)), to_json(run));
}

TEST(ResultsJson, WritingIsStable) {
  const std::string once = to_json(sample_run());
  EXPECT_EQ(to_json(parse_results(once, "test")), once);
}

TEST(ResultsJson, APropertyCannotPoseAsTheDevicesKind) {
  ResultSet run = sample_run(1, 1);
  run.context.device.properties = {{"kind", std::string("cuda")}, {"name", std::string("other")}};
  EXPECT_EQ(round_trip(run).context.device.kind, DeviceKind::cpu);
  EXPECT_EQ(round_trip(run).context.device.name, "Example CPU @ 2.90GHz");
}

TEST(ResultsJson, BytesThatAreNoTextDoNotCostTheFile) {
  ResultSet run = sample_run(1, 1);
  run.rows[0].message = "\xff\xfe broken \xc3";
  run.context.options = {{"bad\xff", std::string("\x80")}};
  EXPECT_EQ(round_trip(run).rows[0].message, "\uFFFD\uFFFD broken \uFFFD");
}

TEST(ResultsJson, UnknownFieldsAndWholeFloatsAreAccepted) {
  std::string text = to_json({.context = {}, .rows = {full_row()}});
  text.replace(text.find("\"m\":16"), 6, "\"later\":{\"x\":[1]},\"m\":16.0");
  EXPECT_EQ(parse_results(text, "test").rows.at(0).shape.m, 16);
}

}  // namespace
}  // namespace qgemm
