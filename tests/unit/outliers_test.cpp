// What is looked at, its ranges, and what is refused.
#include <cmath>
#include <limits>

#include "outliers_model.hpp"

namespace qgemm {
namespace {

using testing::Normal;
using testing::OneLayer;
using testing::only_layer;

float ramp(std::int64_t row, std::int64_t col) { return static_cast<float>((row + 1) * (col % 2 == 0 ? 1 : -2)); }

TEST(Ranges, AreThoseOfWholeMatrices) {
  // Rows of ±(r+1) and ±2(r+1): the channels' largest are 2, 4 … 16, the features' 8 and 16 or 4 and 8.
  const OneLayer model(8, 4, ramp, ramp);
  AccuracyOptions options = model.options();
  options.channels = 1;
  const LayerAccuracy layer = only_layer(measure_accuracy(options));
  EXPECT_EQ(layer.weight.absmax, 16);
  EXPECT_EQ(layer.weight.median, 9);
  EXPECT_EQ(layer.activation.absmax, 8);
  EXPECT_EQ(layer.activation.median, 6);
  EXPECT_EQ(layer.token.absmax, 8);
  EXPECT_EQ(layer.token.median, 5);
  EXPECT_EQ(layer.token.ratio(), 1.6);
  EXPECT_EQ(layer.massive_pct, 0);
  EXPECT_EQ(layer.tokens, 4);
  EXPECT_EQ(layer.channels, 1);
}

TEST(Ranges, HaveNoRatioWhereMostIsZero) {
  const auto one = [](std::int64_t r, std::int64_t c) { return r == 1 && c == 2 ? 5.0F : 0.0F; };
  const LayerAccuracy layer = only_layer(measure_accuracy(OneLayer(8, 4, one, one).options()));
  EXPECT_EQ(layer.weight.absmax, 5);
  EXPECT_EQ(layer.weight.median, 0);
  EXPECT_EQ(layer.weight.ratio(), std::nullopt);
  EXPECT_EQ(layer.activation.ratio(), std::nullopt);
  EXPECT_EQ(layer.massive_pct, 25);
}

TEST(Accuracy, RepeatsNoTokensThatWereRecordedOnce) {
  AccuracyOptions options = OneLayer(8, 3, ramp, ramp).options();
  const OneLayer model(8, 3, ramp, ramp);
  options = model.options();
  options.tokens = 100;
  EXPECT_EQ(only_layer(measure_accuracy(options)).tokens, 3);
  options.tokens = 2;
  EXPECT_EQ(only_layer(measure_accuracy(options)).tokens, 2);
}

TEST(SplitTokens, TestsSomeAndCalibratesOnOthers) {
  struct Row {
    std::int64_t available, tokens, calibration, tested, calibrated;
  };
  constexpr Row rows[] = {{1000, 256, -1, 256, 256}, {512, 256, -1, 256, 256},  // as many again
                          {400, 256, -1, 200, 200},  {401, 256, -1, 201, 200},  // half of what there is
                          {64, 256, -1, 32, 32},     {63, 256, -1, 63, 0},      // too few for both
                          {1000, 16, -1, 16, 32},    {40, 16, -1, 16, 0},       // a scale wants 32
                          {90, 60, -1, 45, 45},      {1000, 256, 0, 256, 0},   {100, 256, 0, 100, 0},
                          {1000, 256, 8, 256, 8},    {100, 256, 30, 70, 30},   {31, 1, 30, 1, 30}};
  for (const Row& row : rows) {
    AccuracyOptions options;
    options.tokens = row.tokens;
    options.calibration_tokens = row.calibration;
    const TokenSplit split = split_tokens(options, row.available);
    EXPECT_EQ(split.tested, row.tested) << row.available << " " << row.tokens << " " << row.calibration;
    EXPECT_EQ(split.calibration, row.calibrated) << row.available << " " << row.tokens << " " << row.calibration;
  }
  AccuracyOptions options;
  options.calibration_tokens = 30;
  expect_error<InvalidInput>([&] { split_tokens(options, 30); }, {"--calibration-tokens is 30", "30 were recorded"});
}

/// Both decoder layers of a Llama, random.
void write_llama(const WeightsOf& weights) {
  std::vector<TensorToWrite> tensors = llama_tensors(2, "model.layers.0.");
  for (auto& tensor : llama_tensors(2)) tensors.push_back(tensor);
  weights.write(tensors);
}

AccuracyOptions options_of(const WeightsOf& weights) {
  AccuracyOptions options;
  options.weights = weights.path();
  options.tokens = 8;
  options.smooth = "off";
  return options;
}

TEST(Accuracy, LooksAtAllLayersOfACheckpoint) {
  const WeightsOf weights("LlamaForCausalLM");
  write_llama(weights);
  AccuracyOptions options = options_of(weights);
  const AccuracyReport all = measure_accuracy(options);
  ASSERT_EQ(all.layers.size(), 8U);
  EXPECT_EQ(all.planned, 8);
  EXPECT_EQ(all.providers.size(), 12U);
  EXPECT_EQ(all.layers[5].layer, "o");
  EXPECT_EQ(all.layers[5].decoder_layer, 1);
  EXPECT_EQ(all.layers[5].weights, "f32");
  EXPECT_EQ(all.weights, weights.path().string());
  EXPECT_EQ(all.activations, "random, outlier");

  // A layer's figures do not depend on what else is looked at.
  options.layers = {"down"};
  options.decoder_layers = {"1"};
  const LayerAccuracy down = only_layer(measure_accuracy(options));
  for (std::size_t i = 0; i < down.schemes.size(); ++i) {
    EXPECT_EQ(down.schemes[i].sqnr_db, all.layers[7].schemes[i].sqnr_db);
  }
  options.seed = 1;
  EXPECT_NE(only_layer(measure_accuracy(options)).schemes[0].sqnr_db, down.schemes[0].sqnr_db);
}

TEST(Accuracy, FoldsNothingIntoANormWhoseResultGoesOn) {
  const WeightsOf weights("BertModel", 4);
  const std::string place = "bert.encoder.layer.1.";
  weights.write({f32(place + "attention.self.query.weight", q_of()), f32(place + "attention.self.key.weight", k_of(4)),
                 f32(place + "attention.self.value.weight", v_of(4)),
                 f32(place + "attention.output.dense.weight", {hidden, 8, 4}),
                 f32(place + "intermediate.dense.weight", {intermediate, hidden, 5}),
                 f32(place + "output.dense.weight", {hidden, intermediate, 6})});
  AccuracyOptions options = options_of(weights);
  options.decoder_layers = {"1"};
  std::vector<std::string> folds;
  for (const auto& layer : measure_accuracy(options).layers) folds.push_back(layer.layer + ":" + layer.fold);
  EXPECT_EQ(folds, (std::vector<std::string>{"qkv:", "o:v", "up:", "down:"}));
}

TEST(Accuracy, TakesListsAndRangesOfDecoderLayers) {
  const WeightsOf weights("LlamaForCausalLM");
  write_llama(weights);
  AccuracyOptions options = options_of(weights);
  options.layers = {"o"};
  const auto count = [&](const std::vector<std::string>& words) {
    options.decoder_layers = words;
    return measure_accuracy(options).layers.size();
  };
  EXPECT_EQ(count({"0:1"}), 2U);
  EXPECT_EQ(count({"1", "0", "1"}), 2U);
  EXPECT_EQ(count({"all"}), 2U);
  EXPECT_EQ(count({"1:1"}), 1U);
  for (const char* bad : {"2", "0:2", "-1", "1:0", "x", "0:", ":1", "", "0:1:1", "99999999999999999999"}) {
    options.decoder_layers = {bad};
    EXPECT_THROW(measure_accuracy(options), InvalidInput) << bad;
  }
}

TEST(Accuracy, LooksAtOneDevicesShare) {
  const WeightsOf weights("LlamaForCausalLM");
  write_llama(weights);
  AccuracyOptions options = options_of(weights);
  options.decoder_layers = {"0"};
  options.tp = 2;
  options.rank = 1;
  const AccuracyReport report = measure_accuracy(options);
  ASSERT_EQ(report.layers.size(), 4U);
  EXPECT_EQ(report.layers[3].k, 6);
  EXPECT_EQ(report.layers[3].rank, 1);
  EXPECT_EQ(report.layers[2].n, 12);
  // down is W[8,12] of 7000 + 16·row + column; the device has the last six columns.
  EXPECT_EQ(report.layers[3].weight.absmax, 7000 + 16 * 7 + 11);
}

TEST(Accuracy, NeedsNoCheckpoint) {
  AccuracyOptions options;
  options.models = {"meta-llama/Llama-3.1-8B-Instruct"};
  options.layers = {"o"};
  options.tp = 8;
  options.tokens = 128;
  options.channels = 4;
  options.providers = {"int8-channel-w-*"};
  options.smooth = "0.5";
  const LayerAccuracy layer = only_layer(measure_accuracy(options));
  EXPECT_EQ(layer.weights, "random");
  EXPECT_EQ(layer.n, 4096);
  EXPECT_EQ(layer.k, 512);
  EXPECT_GT(layer.activation.ratio(), 4);
  EXPECT_LT(layer.weight.ratio(), 4);
  EXPECT_GT(layer.massive_pct, 0);
  EXPECT_EQ(layer.schemes.size(), 6U);  // no -noquant
}

class StopAfterOne : public AccuracyObserver {
 public:
  void progress(const LayerAccuracy& /*layer*/, std::int64_t done, std::int64_t layers, double seconds_left) override {
    EXPECT_EQ(done, 1);
    EXPECT_EQ(layers, 8);
    EXPECT_GE(seconds_left, 0);
    stop = true;
  }
  std::atomic<bool> stop{false};
};

TEST(Accuracy, EndsEarlyWithWhatItHas) {
  const WeightsOf weights("LlamaForCausalLM");
  write_llama(weights);
  StopAfterOne observer;
  const AccuracyReport one = measure_accuracy(options_of(weights), &observer, &observer.stop);
  EXPECT_EQ(one.layers.size(), 1U);
  EXPECT_EQ(one.planned, 8);
  EXPECT_TRUE(measure_accuracy(options_of(weights), nullptr, &observer.stop).layers.empty());
}

TEST(Accuracy, RefusesWhatIsNotFinite) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN(), infinite = std::numeric_limits<float>::infinity();
  for (const float bad : {nan, infinite, -infinite}) {
    const auto spoilt = [bad](std::int64_t r, std::int64_t c) { return r == 2 && c == 1 ? bad : 1.0F; };
    expect_error<InvalidInput>([&] { measure_accuracy(OneLayer(8, 4, spoilt, ramp).options()); },
                               {"decoder layer 0, layer o", "weights", "output channel 2"});
    expect_error<InvalidInput>([&] { measure_accuracy(OneLayer(8, 4, ramp, spoilt).options()); },
                               {"decoder layer 0, layer o", "activations", "token 2"});
    AccuracyOptions options;
    const OneLayer model(8, 4, ramp, spoilt);
    options = model.options();
    options.tokens = options.calibration_tokens = 2;
    expect_error<InvalidInput>([&] { measure_accuracy(options); }, {"activations", "token 2"});
  }
}

TEST(Accuracy, SurvivesSmoothingThatLeavesFloat32) {
  const auto huge = [](std::int64_t r, std::int64_t c) { return c == 0 ? 1e38F : ramp(r, c); };
  const OneLayer model(8, 4, huge, huge);
  AccuracyOptions options = model.options();
  options.smooth = "auto";
  for (const auto& scheme : only_layer(measure_accuracy(options)).schemes) {
    EXPECT_FALSE(std::isnan(scheme.sqnr_db)) << scheme.provider;
    for (const double db : scheme.by_alpha) EXPECT_FALSE(std::isnan(db)) << scheme.provider;
  }
}

TEST(Accuracy, SaysSoWhereItDoesNotFit) {
  AccuracyOptions options;
  options.tokens = 1 << 20;
  options.channels = 1 << 20;
  options.models = {"meta-llama/Llama-3.1-405b-hf"};
  options.layers = {"down"};
  std::atomic<bool> stop{true};
  expect_error<OutOfMemory>([&] { measure_accuracy(options, nullptr, &stop); },
                            {"layer down", "1048576 tokens", "--tokens"});
}

TEST(Accuracy, RefusesBadOptionsBeforeItComputes) {
  const WeightsOf weights("LlamaForCausalLM");
  write_llama(weights);
  const auto refused = [&](const std::function<void(AccuracyOptions&)>& spoil, const std::vector<std::string>& words) {
    AccuracyOptions options = options_of(weights);
    spoil(options);
    std::atomic<bool> stop{true};  // nothing is computed
    expect_error<InvalidInput>([&] { measure_accuracy(options, nullptr, &stop); }, words);
  };
  refused([](auto& o) { o.tokens = 0; }, {"--tokens", "0"});
  refused([](auto& o) { o.calibration_tokens = -2; }, {"--calibration-tokens", "-2"});
  refused([](auto& o) { o.channels = -1; }, {"--channels", "-1"});
  refused([](auto& o) { o.tp = 0; }, {"--tp"});
  refused([](auto& o) { o.tp = 3; }, {"3"});
  refused([](auto& o) { o.rank = 1; }, {"--rank", "0 to 0"});
  refused([](auto& o) { o.layers = {"dwon"}; }, {"dwon", "qkv, o, gate_up or down"});
  refused([](auto& o) { o.providers = {"int9"}; }, {"int9"});
  refused([](auto& o) { o.providers = {"bf16", "int8-channel-w-token-a-noquant"}; }, {"--providers", "-noquant"});
  refused([](auto& o) { o.data = "some"; }, {"--data", "some"});
  for (const char* smooth : {"", "1.5", "-0.1", "nan", "0.5x", "on"}) {
    refused([&](auto& o) { o.smooth = smooth; }, {"--smooth", "from 0 to 1", "auto", "off"});
  }
  refused([](auto& o) { o.weights = "/nowhere"; }, {"/nowhere"});
  refused([&](auto& o) { o.activations = o.weights / "config.json"; }, {"config.json"});
  // Of all layers, those that are missing, too.
  weights.write(llama_tensors(2));
  refused([](auto&) {}, {"model.layers.0.self_attn"});
  write_llama(weights);
  refused([&](auto& o) { o.activations = o.weights / "model.safetensors"; }, {"layers.0.qkv"});
}

}  // namespace
}  // namespace qgemm
