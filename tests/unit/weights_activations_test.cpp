// Activations that somebody recorded, and weights that are checked before they are read.
#include "weights_layers.hpp"

namespace qgemm {
namespace {

/// Tokens of a layer: each value another, whole numbers that bf16 holds.
TensorToWrite tokens_of_layer(const std::string& name, const std::vector<std::int64_t>& shape, float first = 0,
                              const std::string& dtype = "F32") {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  const auto value = [first](std::int64_t i) { return first + static_cast<float>(i); };
  if (dtype == "BF16") {
    return {name, dtype, shape, elements<BFloat16>(count, [&](std::int64_t i) { return to_bfloat16(value(i)); })};
  }
  if (dtype == "F16") {
    return {name, dtype, shape, elements<Float16>(count, [&](std::int64_t i) { return to_float16(value(i)); })};
  }
  return {name, dtype, shape, elements<float>(count, value)};
}

class ReadActivations : public ::testing::Test {
 protected:
  void write(const std::vector<TensorToWrite>& tensors) const { model_.write(tensors); }
  StoredActivations read(const std::string& layer, std::int64_t index, std::int64_t tokens, std::int64_t tp = 1,
                         std::int64_t rank = 0) const {
    return read_activations(Checkpoint(model_.path()), model_.model(), model_.layer(layer), index, tokens, tp, rank);
  }
  void expect_bad(const std::string& layer, const std::vector<std::string>& words, std::int64_t index = 0,
                  std::int64_t tp = 1, std::int64_t rank = 0) const {
    expect_error<InvalidInput>([&] { (void)read(layer, index, 4, tp, rank); }, words);
  }
  static float at(const StoredActivations& read, std::int64_t m, std::int64_t k) {
    return element(read.values.view(), m, k);
  }
  WeightsOf model_{"LlamaForCausalLM"};
};

TEST_F(ReadActivations, ReadsEachTypeAsBf16) {
  for (const char* dtype : {"F32", "F16", "BF16"}) {
    write({tokens_of_layer("o", {3, 8}, 1, dtype)});
    const StoredActivations found = read("o", 0, 3);
    EXPECT_EQ(found.values.dtype(), DType::bf16);
    EXPECT_EQ(found.values.rows(), 3);
    EXPECT_EQ(found.values.cols(), 8);
    EXPECT_EQ(found.tokens, 3);
    for (std::int64_t i = 0; i < 24; ++i) EXPECT_EQ(at(found, i / 8, i % 8), static_cast<float>(1 + i)) << dtype;
  }
  write({{"o", "F32", {1, 8}, elements<float>(8, [](std::int64_t) { return 1.00390625F * 1.001F; })}});
  EXPECT_EQ(at(read("o", 0, 1), 0, 0), to_float(to_bfloat16(1.00390625F * 1.001F)));
}

TEST_F(ReadActivations, PrefersTheDecoderLayersOwn) {
  write({tokens_of_layer("o", {1, 8}, 0), tokens_of_layer("layers.1.o", {1, 8}, 100),
         tokens_of_layer("layers.10.o", {1, 8}, 200)});
  EXPECT_EQ(at(read("o", 1, 1), 0, 0), 100);
  EXPECT_EQ(at(read("o", 0, 1), 0, 0), 0);
}

TEST_F(ReadActivations, TakesAllDimensionsBeforeTheLastAsTokens) {
  for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{6, 8}, {2, 3, 8}, {1, 3, 2, 8}}) {
    write({tokens_of_layer("qkv", shape)});
    const StoredActivations found = read("qkv", 0, 6);
    EXPECT_EQ(found.tokens, 6);
    EXPECT_EQ(at(found, 5, 7), 47);
  }
}

TEST_F(ReadActivations, RepeatsTokensWhereThereAreFewer) {
  write({tokens_of_layer("qkv", {3, 8})});
  const StoredActivations found = read("qkv", 0, 8);
  EXPECT_EQ(found.tokens, 3);
  ASSERT_EQ(found.values.rows(), 8);
  for (std::int64_t m = 0; m < 8; ++m) EXPECT_EQ(at(found, m, 1), static_cast<float>(m % 3 * 8 + 1));
  EXPECT_EQ(read("qkv", 0, 2).values.rows(), 2);
}

TEST_F(ReadActivations, GivesADeviceItsColumns) {
  write({tokens_of_layer("down", {2, 12}), tokens_of_layer("qkv", {2, 8})});
  for (const std::int64_t tp : {1, 2, 4}) {
    for (std::int64_t rank = 0; rank < tp; ++rank) {
      const StoredActivations down = read("down", 0, 2, tp, rank);
      ASSERT_EQ(down.values.cols(), 12 / tp);
      EXPECT_EQ(at(down, 1, 0), static_cast<float>(12 + rank * 12 / tp));
      // What is shared by rows of W has all features everywhere.
      const StoredActivations qkv = read("qkv", 0, 2, tp, rank);
      ASSERT_EQ(qkv.values.cols(), 8);
      EXPECT_EQ(at(qkv, 1, 0), 8);
    }
  }
}

TEST_F(ReadActivations, RefusesWhatIsMissingOrOfAnotherKind) {
  write({tokens_of_layer("layers.1.qkv", {3, 8}),
         tokens_of_layer("o", {3, 9}),
         tokens_of_layer("gate_up", {8}),
         {"down", "I8", {1, 12}, std::string(12, '\1')}});
  expect_bad("qkv", {"'layers.0.qkv'", "'qkv'", "no activations"});
  expect_bad("o", {"'o'", "[3,9]", "8 values"});
  expect_bad("gate_up", {"'gate_up'", "[8]", "token"});
  expect_bad("down", {"'down'", "I8", "BF16, F16 and F32"});
  write({tokens_of_layer("o", {0, 8}), {"qkv", "I64", {1, 8}, std::string(64, '\0')}});
  expect_bad("o", {"'o'", "[0,8]"});
  expect_bad("qkv", {"I64"});
}

TEST_F(ReadActivations, RefusesAPlaceThatTheModelLacks) {
  write({tokens_of_layer("o", {3, 8})});
  expect_bad("o", {"no decoder layer 2", "0 … 1"}, 2);
  expect_bad("o", {"no decoder layer -1"}, -1);
  expect_bad("o", {"no rank 2"}, 0, 2, 2);
  expect_bad("o", {"3"}, 0, 3, 0);
}

TEST(CheckWeight, RefusesWhatReadingRefuses) {
  const WeightsOf weights("LlamaForCausalLM");
  const auto check = [&](const std::string& layer, std::int64_t index, std::int64_t tp = 1, std::int64_t rank = 0) {
    check_weight(Checkpoint(weights.path()), weights.model(), weights.layer(layer), index, tp, rank);
  };
  weights.write(llama_tensors(2));
  for (const char* layer : {"qkv", "o", "gate_up", "down"}) {
    EXPECT_NO_THROW(check(layer, 1)) << layer;
    EXPECT_NO_THROW(check(layer, 1, 2, 1)) << layer;
    // Both say the same of what is missing.
    expect_error<InvalidInput>([&] { check(layer, 0); }, {"model.layers.0."});
    expect_error<InvalidInput>([&] { check(layer, 2); }, {"no decoder layer 2"});
    expect_error<InvalidInput>([&] { check(layer, 1, 2, 2); }, {"no rank 2"});
  }
  auto tensors = llama_tensors(2);
  tensors.back().shape = {hidden + 1, intermediate};
  tensors.back().data.resize(static_cast<std::size_t>((hidden + 1) * intermediate) * 4);
  weights.write(tensors);
  expect_error<InvalidInput>([&] { check("down", 1); }, {"down_proj.weight'", "[9,12]"});
}

TEST(CheckWeight, TellsTheTypeAndLooksAtTheScales) {
  const WeightsOf weights("LlamaForCausalLM");
  const auto check = [&] {
    return check_weight(Checkpoint(weights.path()), weights.model(), weights.layer("down"), 1);
  };
  const std::string down = "model.layers.1.mlp.down_proj.weight";
  const TensorToWrite codes{down, "I8", {hidden, intermediate}, std::string(96, '\1')};
  const auto scales = [&](float scale) -> TensorToWrite {
    return {down + "_scale", "F32", {hidden, 1}, elements<float>(hidden, [=](std::int64_t) { return scale; })};
  };
  weights.write({codes, scales(0.5F)});
  EXPECT_EQ(check(), DType::s8);
  weights.write(llama_tensors(2));
  EXPECT_EQ(check(), DType::f32);
  weights.write({codes, scales(-1)});
  expect_error<InvalidInput>(check, {"finite", "down_proj.weight_scale"});
  weights.write({codes});
  expect_error<InvalidInput>(check, {"down_proj.weight_scale"});
}

}  // namespace
}  // namespace qgemm
