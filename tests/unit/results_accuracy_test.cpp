// The files of `qgemm accuracy`.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "accuracy_sample.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

using testing::sample_report;

TEST(AccuracyJson, LoadsAsItWasSaved) {
  AccuracyReport report = sample_report();
  report.notes = {"left out: \"experts\"\n"};
  report.layers[1].message = "why, in a sentence";
  report.layers[0].schemes[0].sqnr_db = std::numeric_limits<double>::infinity();
  report.layers[0].schemes[1] = {"int8-channel-w-tensor-a", 1.0 / 3, {}, {}, {}};
  report.layers[2].schemes[1].by_alpha = {-std::numeric_limits<double>::infinity(), 1};
  const std::string text = to_json(report);
  EXPECT_TRUE(holds_accuracy(text));
  const AccuracyReport loaded = parse_accuracy(text, "text");
  EXPECT_EQ(to_json(loaded), text);
  EXPECT_EQ(loaded.seed, report.seed);
  EXPECT_EQ(loaded.layers[0].schemes[0].sqnr_db, std::numeric_limits<double>::infinity());
  EXPECT_EQ(loaded.layers[0].schemes[1].sqnr_db, 1.0 / 3);
  EXPECT_FALSE(loaded.layers[0].schemes[1].alpha);
  EXPECT_EQ(loaded.layers[3].activation.ratio(), 200);
  EXPECT_EQ(to_json(parse_accuracy(to_json(AccuracyReport{}), "empty")), to_json(AccuracyReport{}));
}

TEST(AccuracyJson, IsALayerALine) {
  const std::string text = to_json(sample_report());
  EXPECT_NE(text.find("\n{\"model\":\"org/model\",\"decoder_layer\":1,\"layer\":\"down\""), std::string::npos) << text;
  EXPECT_NE(text.find("\"foldable\":false,\"fold\":null"), std::string::npos);
  EXPECT_NE(text.find("\"summary\": [\n{\"model\":\"org/model\",\"tp\":1,\"provider\":\"int8-tensor-w-tensor-a\","
                      "\"worst_db\":18.0,\"worst\":{\"decoder_layer\":1,\"layer\":\"down\"},\"median_db\":30.0"),
            std::string::npos)
      << text;
}

/// The sample with one text in place of another.
std::string spoilt(const std::string& from, const std::string& to) {
  std::string text = to_json(sample_report());
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

void expect_bad(const std::string& text, const std::vector<std::string>& words) {
  try {
    parse_accuracy(text, "file.json");
    ADD_FAILURE() << "nothing was thrown";
  } catch (const InvalidInput& error) {
    const std::string what = error.what();
    EXPECT_TRUE(what.starts_with("file.json")) << what;
    for (const auto& word : words) EXPECT_NE(what.find(word), std::string::npos) << "no '" << word << "' in: " << what;
  }
}

TEST(AccuracyJson, RefusesWhatIsNone) {
  expect_bad("", {"empty"});
  expect_bad("[]", {"no report"});
  expect_bad(R"({"schema": 1, "context": {}, "rows": []})", {"no report"});
  expect_bad(R"({"report": "something", "schema": 1})", {"no report"});
  const std::string text = to_json(sample_report());
  for (std::size_t size = 1; size < text.size(); size += 97) {
    EXPECT_THROW(parse_accuracy(text.substr(0, size), "cut"), InvalidInput) << size;
  }
  expect_bad(spoilt("\"schema\": 1", "\"schema\": 2"), {"schema 2", "later qgemm"});
  expect_bad(spoilt("\"schema\": 1", "\"schema\": 0"), {"'schema'"});
  expect_bad(spoilt("\"planned\": 4,", ""), {"no 'planned'"});
  expect_bad(spoilt("\"seed\": 18446744073709551615", "\"seed\": -1"), {"'seed'"});
}

TEST(AccuracyJson, ReadsWhatEarlierVersionsWrote) {
  std::string text = to_json(sample_report());
  const std::string field = "\"calibration_tokens\":256,";
  for (auto at = text.find(field); at != std::string::npos; at = text.find(field)) text.erase(at, field.size());
  const AccuracyReport report = parse_accuracy(text, "text");
  for (const auto& layer : report.layers) EXPECT_EQ(layer.calibration_tokens, 0) << "they were the tested ones";
}

TEST(AccuracyJson, NamesWhatIsWrongInALayer) {
  expect_bad(spoilt("\"calibration_tokens\":256", "\"calibration_tokens\":-1"), {"layers[0]", "'calibration_tokens'"});
  expect_bad(spoilt("\"decoder_layer\":0", "\"decoder_layer\":-1"), {"layers[0]", "'decoder_layer'"});
  expect_bad(spoilt("\"n\":64", "\"n\":0"), {"layers[0]", "'n'"});
  expect_bad(spoilt("\"k\":128", "\"k\":1e300"), {"layers[0]", "'k'"});
  expect_bad(spoilt("\"absmax\":0.5", "\"absmax\":-0.5"), {"layers[0]", "'weights'"});
  expect_bad(spoilt("\"absmax\":0.5", "\"absmax\":\"inf\""), {"layers[0]", "'weights'"});
  expect_bad(spoilt("\"sqnr_db\":30.0", "\"sqnr_db\":\"nan\""), {"layers[0]", "schemes[0]", "'sqnr_db'"});
  expect_bad(spoilt("\"sqnr_db\":30.0", "\"sqnr_db\":null"), {"schemes[0]", "'sqnr_db'"});
  expect_bad(spoilt("\"by_alpha\":[31.0,32.0]", "\"by_alpha\":[31.0]"), {"schemes[0]", "by_alpha"});
  expect_bad(spoilt("\"provider\":\"int8", "\"provider\":\"int9"), {"schemes[0]", "provider"});
  expect_bad(spoilt("{\"provider\"", "7,{\"provider\""), {"schemes[0]", "object"});
  std::string many = "\"alphas\": [";
  for (int i = 0; i < 200; ++i) many += "0.5,";
  expect_bad(spoilt("\"alphas\": [", many), {"'alphas'", "202 entries"});
}

TEST(AccuracyJson, IsTakenForOneByItsFirstField) {
  EXPECT_TRUE(holds_accuracy("{\n  \"report\" :\t\"accuracy\""));
  EXPECT_FALSE(holds_accuracy(R"({"schema": 1, "context": {}})"));
  EXPECT_FALSE(holds_accuracy(""));
}

TEST(AccuracyCsv, IsALineAScheme) {
  AccuracyReport report = sample_report();
  report.layers[0].model = "a,\"b";
  report.layers[0].schemes[0].sqnr_db = std::numeric_limits<double>::infinity();
  const std::string text = to_csv(report);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1 + 4 * 4);
  EXPECT_TRUE(text.starts_with(
      "model,decoder_layer,layer,tp,rank,tokens,calibration_tokens,n,k,channels,stored,weights_absmax,"));
  EXPECT_NE(
      text.find(
          "\n\"a,\"\"b\",0,o,1,0,32,256,64,128,16,bf16,0.5,0.25,2,4,2,2,4,2,2,0,false,,int8-tensor-w-tensor-a,inf,"
          "0.5,32,\n"),
      std::string::npos)
      << text;
  const std::string empty = to_csv(AccuracyReport{});
  EXPECT_EQ(std::count(empty.begin(), empty.end(), '\n'), 1);
}

TEST(AccuracySummary, NamesTheWorstLayer) {
  const auto rows = summarize(sample_report());
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[2].provider, "int8-channel-w-token-a");
  EXPECT_EQ(rows[2].worst_db, 26);
  EXPECT_EQ(rows[2].worst.layer, "down");
  EXPECT_EQ(rows[2].worst.decoder_layer, 1);
  EXPECT_EQ(rows[2].median_db, 38);
  EXPECT_EQ(rows[2].smoothed_worst_db, 39);
  EXPECT_EQ(rows[2].alpha_low, 0.25);
  EXPECT_TRUE(summarize(AccuracyReport{}).empty());
}

TEST(AccuracySummary, TakesExactLayersAsTheyAre) {
  AccuracyReport report = sample_report();
  constexpr double infinite = std::numeric_limits<double>::infinity();
  for (auto& layer : report.layers) layer.schemes.resize(1);
  for (const std::size_t exact : {0U, 1U}) report.layers[exact].schemes[0].sqnr_db = infinite;
  EXPECT_EQ(summarize(report)[0].median_db, 30);  // between 30 and infinity
  for (auto& layer : report.layers) layer.schemes[0].sqnr_db = infinite;
  EXPECT_EQ(summarize(report)[0].median_db, infinite);
  EXPECT_EQ(summarize(report)[0].worst_db, infinite);
}

}  // namespace
}  // namespace qgemm
