// Sweeps over the weights of a checkpoint.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "qgemm/sweep.hpp"
#include "testbed/stored_operands.hpp"
#include "weights_layers.hpp"

namespace qgemm {
namespace {

SweepOptions over(const WeightsOf& model) {
  SweepOptions options;
  options.device = "cpu";
  options.weights = model.path().string();
  options.decoder_layer = 1;
  options.batch_sizes = {5};
  options.max_time = 0.005;
  options.min_samples = 3;
  options.threads = 1;
  options.no_limits = true;
  return options;
}

Point point_of(const std::string& layer, std::int64_t tp, const Shape& shape) {
  Point point;
  point.layer = layer;
  point.tp = tp;
  point.shape = shape;
  return point;
}

/// Activations whose element (token, feature) is token + feature / 16: few enough bits for bf16.
float recorded(std::int64_t token, std::int64_t feature) {
  return static_cast<float>(token) + static_cast<float>(feature) / 16;
}

TensorToWrite tokens(const std::string& name, const std::vector<std::int64_t>& shape) {
  std::int64_t count = 1;
  for (const auto size : shape) count *= size;
  const std::int64_t k = shape.back();
  return {name, "F32", shape, elements<float>(count, [&](std::int64_t i) { return recorded(i / k, i % k); })};
}

/// All its rows right, and checked.
void expect_right(const ResultSet& results, std::size_t rows) {
  EXPECT_EQ(results.rows.size(), rows);
  for (const auto& row : results.rows) {
    SCOPED_TRACE(row.layer + " " + row.provider + ": " + row.message);
    EXPECT_TRUE(row.measured());
    ASSERT_TRUE(row.sqnr_db);
    EXPECT_GT(*row.sqnr_db, 15);
    if (row.provider.starts_with("int8")) {
      EXPECT_EQ(row.exact, true);
    }
  }
}

TEST(SweepWeights, EveryLayerOfTheCheckpointIsMeasured) {
  const WeightsOf model("LlamaForCausalLM");
  model.write(llama_tensors(2));
  SweepOptions options = over(model);
  options.providers = {"default", "int8-channel-w-token-a-azp"};
  const ResultSet results = run_sweep(options);
  expect_right(results, std::size_t{4} * 7);
  for (const auto& row : results.rows) {
    EXPECT_EQ(row.model, model.model().name);
    EXPECT_NE(row.repro.find(" --weights " + options.weights + " --decoder-layer 1 --rank 0 --tp-sizes 1 --layers " +
                             row.layer + " "),
              std::string::npos)
        << row.repro;
    EXPECT_EQ(row.repro.find("--models"), std::string::npos) << row.repro;
  }
  ASSERT_FALSE(results.context.operands.empty());
  for (const auto& facts : results.context.operands) {
    EXPECT_EQ(facts.data, facts.of == "weights" ? "checkpoint" : "outlier");
  }
}

TEST(SweepWeights, TheMiddleLayerIsTheDefault) {
  const WeightsOf model("LlamaForCausalLM");
  model.write(llama_tensors(2));  // of decoder layer 1 of two
  SweepOptions options = over(model);
  options.decoder_layer = -1;
  options.layers = {"o"};
  options.providers = {"f32"};
  expect_right(run_sweep(options), 1);
  options.weights = (model.path() / "model.safetensors").string();  // beside its config.json
  expect_right(run_sweep(options), 1);
}

TEST(SweepWeights, AreTheCheckpointsOwn) {
  const WeightsOf model("LlamaForCausalLM");
  model.write(llama_tensors(2));
  const StoredOperands operands(over(model));
  const LayerWeight qkv = operands.weight(point_of("qkv", 2, {1, 8, 8}));
  EXPECT_FALSE(qkv.quantized);
  expect_rows(qkv.original, expected_qkv(2, 2, 0), hidden);
  EXPECT_EQ(operands.extra_bytes(point_of("qkv", 2, {1, 8, 8})), 2 * 8 * 8) << "f32 takes two more bytes than bf16";
  EXPECT_FALSE(operands.activations(point_of("qkv", 2, {1, 8, 8})));
}

TEST(SweepWeights, ThePlanCountsWhatTheyTakeBeyondBf16) {
  const WeightsOf model("LlamaForCausalLM");
  model.write(llama_tensors(2));
  SweepOptions options = over(model);
  options.layers = {"o"};
  options.providers = {"int8-channel-w-token-a"};
  const SweepPlan stored = plan_sweep(options);
  options.weights.clear();
  options.decoder_layer = -1;
  options.layers.clear();
  options.shapes = {{5, hidden, 4 * head_dim}};
  EXPECT_EQ(stored.largest_memory_bytes, plan_sweep(options).largest_memory_bytes + 2 * hidden * 4 * head_dim);
}

/// o and down as int8 with these scales, row r's code in column k: r − k.
std::vector<TensorToWrite> quantized_tensors(const std::vector<float>& scales) {
  std::vector<TensorToWrite> out;
  for (const auto& [name, k] :
       {std::pair("self_attn.o_proj", 4 * head_dim), std::pair("mlp.down_proj", intermediate)}) {
    const std::string module = std::string("model.layers.1.") + name;
    const auto count = static_cast<std::int64_t>(scales.size());
    out.push_back({module + ".weight", "I8", {hidden, k}, elements<std::int8_t>(hidden * k, [k = k](std::int64_t i) {
                     return static_cast<std::int8_t>(i / k - i % k);
                   })});
    out.push_back({module + ".weight_scale", "F32", {count, 1}, elements<float>(count, [&](std::int64_t i) {
                     return scales[static_cast<std::size_t>(i)];
                   })});
  }
  return out;
}

std::vector<float> rising_scales() {
  std::vector<float> scales;
  for (std::int64_t r = 0; r < hidden; ++r) scales.push_back(static_cast<float>(r + 1) / 64);
  return scales;
}

TEST(SweepWeights, Int8OnesAreMultipliedAsTheyAre) {
  const WeightsOf model("LlamaForCausalLM");
  model.write(quantized_tensors(rising_scales()));
  const LayerWeight o = StoredOperands(over(model)).weight(point_of("o", 1, {1, hidden, 8}));
  ASSERT_TRUE(o.quantized);
  EXPECT_EQ(o.quantized->scales, rising_scales());
  for (std::int64_t n = 0; n < hidden; ++n) {
    std::int32_t sum = 0;
    for (std::int64_t k = 0; k < o.original.cols(); ++k) {
      const auto code = static_cast<std::int8_t>(n - k);
      sum += code;
      EXPECT_EQ(o.quantized->values.row<std::int8_t>(n)[k], code);
      EXPECT_EQ(o.original.row<float>(n)[k], static_cast<float>(code) * rising_scales()[static_cast<std::size_t>(n)]);
    }
    EXPECT_EQ(o.quantized->colsum[static_cast<std::size_t>(n)], sum);
  }
  SweepOptions options = over(model);
  options.layers = {"o", "down"};
  options.providers = {"bf16", "int8-channel-w-token-a", "int8-tensor-w-token-a", "int8-channel-w-token-a-azp-noquant"};
  expect_right(run_sweep(options), 8);
}

TEST(SweepWeights, OneScaleOfAllRowsIsOneOfTheTensor) {
  const WeightsOf model("LlamaForCausalLM");
  model.write(quantized_tensors(std::vector<float>(hidden, 0.5F)));
  const LayerWeight o = StoredOperands(over(model)).weight(point_of("o", 1, {1, hidden, 8}));
  ASSERT_TRUE(o.quantized);
  EXPECT_EQ(o.quantized->scales, std::vector<float>{0.5F});
  SweepOptions options = over(model);
  options.layers = {"o"};
  options.providers = {"int8-tensor-w-tensor-a", "int8-channel-w-tensor-a"};
  expect_right(run_sweep(options), 2);
}

TEST(SweepWeights, RecordedActivationsAreMultiplied) {
  const WeightsOf model("LlamaForCausalLM");
  model.write(llama_tensors(2));
  const auto file = model.path() / "recorded.safetensors";
  std::ofstream(file, std::ios::binary) << safetensors({tokens("layers.1.down", {1, 3, intermediate}),
                                                        tokens("down", {1, intermediate}),  // that of other layers
                                                        tokens("o", {7, 4 * head_dim})});
  SweepOptions options = over(model);
  options.activations = file.string();
  options.tp_sizes = {2};
  options.rank = 1;
  const StoredOperands operands(options);
  const auto down = operands.activations(point_of("down", 2, {5, hidden, intermediate / 2}));
  ASSERT_TRUE(down);
  EXPECT_EQ(down->tokens, 3);
  ASSERT_EQ(down->values.rows(), 5);
  ASSERT_EQ(down->values.cols(), intermediate / 2);
  for (std::int64_t m = 0; m < 5; ++m) {
    for (std::int64_t k = 0; k < intermediate / 2; ++k) {
      EXPECT_EQ(to_float(down->values.row<BFloat16>(m)[k]), recorded(m % 3, k + intermediate / 2));
    }
  }
  options.layers = {"o", "down"};
  options.providers = {"f32", "int8-channel-w-token-a"};
  const ResultSet results = run_sweep(options);
  expect_right(results, 4);
  for (const auto& row : results.rows) {
    const bool again = row.message.find("the 3 recorded tokens come again and again") != std::string::npos;
    EXPECT_EQ(again, row.layer == "down") << row.message;
    EXPECT_NE(row.repro.find("--rank 1 --activations " + options.activations), std::string::npos) << row.repro;
  }
  EXPECT_EQ(results.context.operands.front().data, "recorded");
}

TEST(SweepWeights, WhatCannotBeReadIsRefusedBeforeAnythingIsMeasured) {
  const WeightsOf model("LlamaForCausalLM");
  auto some = llama_tensors(2);
  some.pop_back();  // without down
  model.write(some);
  const auto refused = [&](const SweepOptions& options, const std::vector<std::string>& words) {
    expect_error<InvalidInput>([&] { (void)run_sweep(options); }, words);
    expect_error<InvalidInput>([&] { (void)plan_sweep(options); }, words);
  };
  SweepOptions options = over(model);
  refused(options, {"down_proj", model.path().string()});
  options.layers = {"o"};
  options.decoder_layer = 2;
  refused(options, {"no decoder layer 2", "0 … 1"});
  options.decoder_layer = 1;
  const auto file = model.path() / "recorded.safetensors";
  std::ofstream(file, std::ios::binary) << safetensors({tokens("o", {7, 3})});
  options.activations = file.string();
  refused(options, {"recorded.safetensors", "layer o", "[7,3]", "tokens of 8"});
}

TEST(SweepWeights, WhatIsNotFiniteFailsItsRowsAlone) {
  const WeightsOf model("LlamaForCausalLM");
  auto tensors = llama_tensors(2);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (auto& tensor : tensors) {
    if (tensor.name.ends_with("o_proj.weight")) std::memcpy(tensor.data.data(), &nan, sizeof nan);
  }
  model.write(tensors);
  SweepOptions options = over(model);
  options.layers = {"o", "down"};
  options.providers = {"int8-channel-w-token-a"};
  const ResultSet results = run_sweep(options);
  ASSERT_EQ(results.rows.size(), 2U);
  EXPECT_EQ(results.rows[0].outcome, Outcome::failed);
  EXPECT_NE(results.rows[0].message.find("weights"), std::string::npos) << results.rows[0].message;
  EXPECT_TRUE(results.rows[1].measured()) << results.rows[1].message;

  auto scales = rising_scales();
  scales[3] = -1;
  model.write(quantized_tensors(scales));
  expect_error<InvalidInput>([&] { (void)run_sweep(options); }, {"o_proj.weight_scale", "scale of row 3"});
}

}  // namespace
}  // namespace qgemm
