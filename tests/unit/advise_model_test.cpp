// Whole models: depth, tensor parallelism, and what is not said without them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "advise_runs.hpp"

namespace qgemm {
namespace {

using testing::number;
using testing::of_kind;
using testing::run_with;
using testing::timed_row;

Model model_of_depth(std::int64_t depth) {
  Model model;
  model.name = "org/model";
  model.layers = {{"qkv", 64, 96, SplitDim::n}, {"down", 96, 64, SplitDim::k}};
  model.decoder_layers = depth;
  return model;
}

std::vector<Result> two_layers(std::int64_t tp, double us) {
  std::vector<Result> rows;
  for (const std::int64_t m : {1, 8}) {
    for (const char* layer : {"qkv", "down"}) {
      Result row = timed_row("bf16", m, us, 1);
      row.layer = layer;
      row.tp = tp;
      rows.push_back(row);
    }
  }
  return rows;
}

TEST(AdviseModel, IsAllLayersTimesTheDepth) {
  const auto advice = of_kind(advise(run_with(two_layers(1, 100)), {model_of_depth(20)}), "model");
  ASSERT_EQ(advice.size(), 1U);
  EXPECT_EQ(number(advice[0], "decoder_layers"), 20);
  ASSERT_EQ(advice[0].series.size(), 2U);
  EXPECT_EQ(advice[0].series[0].first, "ms_per_step");
  EXPECT_NEAR(advice[0].series[0].second.at(0), 4, 1e-12);    // 2 · 100 µs · 20
  EXPECT_NEAR(advice[0].series[1].second.at(1), 2000, 1e-9);  // 8 tokens in 4 ms
  EXPECT_NE(advice[0].text.find("4.00 ± 0.028 ms at M = 1, 250 tokens/s"), std::string::npos) << advice[0].text;
}

TEST(AdviseModel, SaysNothingOfAPart) {
  auto rows = two_layers(1, 100);
  std::erase_if(rows, [](const Result& row) { return row.layer == "down"; });
  EXPECT_TRUE(of_kind(advise(run_with(rows), {model_of_depth(20)}), "model").empty());
  EXPECT_TRUE(of_kind(advise(run_with(two_layers(1, 100)), {model_of_depth(0)}), "model").empty());
  EXPECT_TRUE(of_kind(advise(run_with(two_layers(1, 100))), "model").empty());
}

TEST(AdviseModel, AddsUpWhatABlockHasOnce) {
  auto rows = two_layers(1, 100);
  for (const std::int64_t m : {1, 8}) {
    Result row = timed_row("bf16", m, 5000, 1);
    row.layer = "lm_head";
    row.tp = 1;
    rows.push_back(row);
  }
  Model model = model_of_depth(20);
  for (int listed = 0; listed < 2; ++listed) {  // whether or not the model's own list has the logits' product
    const auto advice = of_kind(advise(run_with(rows), {model}), "model");
    ASSERT_EQ(advice.size(), 1U) << listed;
    EXPECT_NEAR(advice[0].series[0].second.at(0), 4, 1e-12) << listed;
    model.layers.push_back({"lm_head", 64, 64, SplitDim::n});
  }
}

TEST(AdviseModel, ExpertsStandForThemselves) {
  auto rows = two_layers(1, 100);
  for (auto row : two_layers(1, 100)) {
    row.layer = "expert_" + row.layer;
    rows.push_back(row);
    row.provider = "int8-channel-w-token-a";
    row.median_us = 50;
    rows.push_back(row);
    row.layer = row.layer.substr(7);
    rows.push_back(row);
  }
  const auto advice = advise(run_with(rows), {model_of_depth(20)});
  EXPECT_TRUE(of_kind(advice, "model").empty());
  std::vector<std::string> scopes;
  for (const auto& one : of_kind(advice, "scheme")) scopes.push_back(one.layer);
  EXPECT_EQ(scopes, (std::vector<std::string>{"", "expert_qkv", "expert_down"}));
  const std::string text = render_advice(advice, run_with(rows).context);
  EXPECT_EQ(text.find("Which scheme"), text.rfind("Which scheme")) << "each heading once\n" << text;
  EXPECT_NE(text.find("an expert's layer"), std::string::npos) << text;
}

TEST(AdviseTensorParallel, IsHeldAgainstAnEvenShare) {
  auto rows = two_layers(2, 60);
  const auto single = two_layers(1, 100);
  rows.insert(rows.end(), single.begin(), single.end());
  const auto advice = of_kind(advise(run_with(rows)), "tensor-parallel");
  ASSERT_EQ(advice.size(), 1U);
  EXPECT_EQ(advice[0].tp, 2);
  EXPECT_NEAR(number(advice[0], "share_at_smallest_m"), 0.6, 1e-12);
  EXPECT_NEAR(number(advice[0], "even_share"), 0.5, 1e-12);
}

TEST(AdviseJson, HoldsSentencesAndNumbers) {
  const auto run = run_with(two_layers(1, 100));
  const auto json = nlohmann::json::parse(advice_to_json(advise(run, {model_of_depth(20)}), run.context));
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["device"], "Example CPU");
  bool found = false;
  for (const auto& one : json["advice"]) {
    EXPECT_FALSE(one["text"].get<std::string>().empty());
    if (one["kind"] != "model") continue;
    found = true;
    EXPECT_EQ(one["numbers"]["m"], (std::vector<int>{1, 8}));
    EXPECT_NEAR(one["numbers"]["ms_per_step"][0].get<double>(), 4, 1e-12);
    EXPECT_TRUE(one["layer"].is_null());
    EXPECT_EQ(one["provider"], "bf16");
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace qgemm
