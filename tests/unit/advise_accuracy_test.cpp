// What `advise` says of a report of accuracy.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "accuracy_sample.hpp"
#include "advise_runs.hpp"

namespace qgemm {
namespace {

using testing::number;
using testing::of_kind;
using testing::sample_report;

bool has_text(const std::vector<Advice>& advice, const std::string& kind, const std::string& part) {
  const auto found = of_kind(advice, kind);
  return std::any_of(found.begin(), found.end(),
                     [&](const Advice& one) { return one.text.find(part) != std::string::npos; });
}

TEST(AdviseAccuracy, RecommendsTheCheapestThatIsAsGoodAsAny) {
  const auto advice = advise(sample_report());
  const auto schemes = of_kind(advice, "scheme");
  ASSERT_GE(schemes.size(), 3U);
  EXPECT_EQ(schemes[0].provider, "int8-channel-w-token-a");
  EXPECT_EQ(number(schemes[0], "sqnr_db_worst"), 26);
  EXPECT_TRUE(has_text(advice, "scheme",
                       "In INT8 take int8-channel-w-token-a: 26.0 dB at the worst layer (down of decoder "
                       "layer 1), 38.0 dB at the median"));
  EXPECT_TRUE(has_text(advice, "scheme", "Smooth it, with α = 0.25: then 39.0 dB"));
  EXPECT_EQ(schemes[1].provider, "fp8-channel-w-token-a");
  EXPECT_TRUE(has_text(advice, "scheme", "A scale for each token in place of one for all buys +7.0 dB"));

  AccuracyReport alike = sample_report();
  for (auto& layer : alike.layers) {
    layer.schemes[1].sqnr_db = layer.schemes[2].sqnr_db - 0.5;
    layer.schemes[1].smoothed_db = *layer.schemes[2].smoothed_db - 0.5;
  }
  EXPECT_EQ(of_kind(advise(alike), "scheme")[0].provider, "int8-channel-w-tensor-a");
}

TEST(AdviseAccuracy, SaysWhatEachLosesAndWhere) {
  const auto advice = advise(sample_report());
  EXPECT_TRUE(has_text(advice, "accuracy",
                       "int8-tensor-w-tensor-a: SQNR 30.0 dB, an error of 3.2 % of the product's size at "
                       "the median layer; 18.0 dB at worst, in down of decoder layer 1. Warning"));
  EXPECT_FALSE(has_text(advice, "accuracy", "fp8-channel-w-token-a: SQNR 28.5 dB. Warning"));
}

TEST(AdviseAccuracy, NamesTheLayersWithOutliers) {
  const auto advice = advise(sample_report());
  EXPECT_TRUE(has_text(advice, "outliers", "1 of 4 layers have outlier features"));
  EXPECT_TRUE(has_text(advice, "outliers", "down of decoder layer 1 (200 times)"));
  EXPECT_TRUE(has_text(advice, "outliers", "Massive tokens"));
  AccuracyReport calm = sample_report();
  calm.layers[3].activation = {4, 2};
  calm.layers[3].massive_pct = 0;
  const auto nothing = of_kind(advise(calm), "outliers");
  ASSERT_EQ(nothing.size(), 1U);
  EXPECT_NE(nothing[0].text.find("No layer's input"), std::string::npos);
  calm.layers[2].weight = {30, 2};
  EXPECT_TRUE(has_text(advise(calm), "outliers", "want a scale for each channel"));
}

TEST(AdviseAccuracy, SaysWhatSmoothingBuysAndWhereItIsFree) {
  const auto advice = advise(sample_report());
  EXPECT_TRUE(has_text(advice, "smoothing",
                       "buys int8-channel-w-token-a +1.0 dB at the median layer and +13.0 dB in down of "
                       "decoder layer 1"));
  EXPECT_TRUE(has_text(advice, "smoothing", "down (folded into up)"));
  EXPECT_TRUE(has_text(advice, "smoothing", "At o nothing takes the factors"));
  EXPECT_TRUE(has_text(advice, "smoothing", "fp8-channel-w-token-a needs no smoothing"));
}

TEST(AdviseAccuracy, SaysWhatItCannotKnow) {
  AccuracyReport report = sample_report();
  EXPECT_TRUE(of_kind(advise(report), "note").empty());
  report.activations = "random, outlier";
  report.planned = 9;
  report.alphas.clear();
  for (auto& layer : report.layers) layer.weights = "s8";
  report.layers[0].weights = "random";
  report.layers[1].calibration_tokens = 0;
  EXPECT_EQ(of_kind(advise(report), "note").size(), 6U);
  EXPECT_TRUE(has_text(advise(report), "note", "calibrated on the tested tokens"));
}

TEST(AdviseAccuracy, HoldsWithWhatIsExactOrMissing) {
  EXPECT_TRUE(advise(AccuracyReport{}).empty());
  AccuracyReport report = sample_report();
  constexpr double infinite = std::numeric_limits<double>::infinity();
  for (auto& layer : report.layers) {
    for (auto& scheme : layer.schemes) scheme = {scheme.provider, infinite, {infinite, -infinite}, 0.25, infinite};
  }
  EXPECT_TRUE(has_text(advise(report), "accuracy", "no error"));
  for (auto& layer : report.layers) layer.schemes.clear();
  EXPECT_TRUE(of_kind(advise(report), "accuracy").empty());
  report = sample_report();
  report.layers.resize(1);
  EXPECT_TRUE(has_text(advise(report), "scheme", "worst layer (o)"));
}

TEST(AdviseAccuracy, IsTextAndJson) {
  AccuracyReport report = sample_report();
  const auto advice = advise(report);
  const std::string text = render_advice(advice, report);
  for (const char* part :
       {"Advice: accuracy, 2026-11-23", "\norg/model, TP 1\n", " Which scheme\n", " Outliers\n", " Smoothing\n"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << text;
  }
  const std::string json = advice_to_json(advice, report);
  for (const char* part : {"\"schema\": 1", "\"kind\": \"smoothing\"", "\"cache\": null", "\"weights\": \"DIR\""}) {
    EXPECT_NE(json.find(part), std::string::npos) << part << json;
  }
}

}  // namespace
}  // namespace qgemm
