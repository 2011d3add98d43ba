#include <gtest/gtest.h>

#include <cstdint>

#include "qgemm/catalog.hpp"

namespace qgemm {
namespace {

struct ExpectedLayer {
  const char* name;
  std::int64_t k, n;
  int tp_dim;  ///< As the reference counts: 0 is K, 1 is N.
};

struct ExpectedModel {
  const char* name;
  std::vector<ExpectedLayer> layers;
};

// The reference's table, in its order.
// clang-format off
const std::vector<ExpectedModel> expected = {
    {"mistralai/Mistral-7B-v0.1",
     {{"qkv", 4096, 6144, 1},
      {"o", 4096, 4096, 0},
      {"gate_up", 4096, 28672, 1},
      {"down", 14336, 4096, 0}}},
    {"meta-llama/Llama-2-7b-hf",
     {{"qkv", 4096, 12288, 1},
      {"o", 4096, 4096, 0},
      {"gate_up", 4096, 22016, 1},
      {"down", 11008, 4096, 0}}},
    {"meta-llama/Llama-3-8b",
     {{"qkv", 4096, 6144, 1},
      {"o", 4096, 4096, 0},
      {"gate_up", 4096, 28672, 1},
      {"down", 14336, 4096, 0}}},
    {"meta-llama/Llama-2-13b-hf",
     {{"qkv", 5120, 15360, 1},
      {"o", 5120, 5120, 0},
      {"gate_up", 5120, 27648, 1},
      {"down", 13824, 5120, 0}}},
    {"meta-llama/Llama-2-70b-hf",
     {{"qkv", 8192, 10240, 1},
      {"o", 8192, 8192, 0},
      {"gate_up", 8192, 57344, 1},
      {"down", 28672, 8192, 0}}},
    {"meta-llama/Llama-3.1-405b-hf",
     {{"qkv", 16384, 18432, 1},
      {"o", 16384, 16384, 0},
      {"gate_up", 16384, 106496, 1},
      {"down", 53248, 16384, 0}}},
    {"meta-llama/Llama-3.1-8B-Instruct",
     {{"qkv", 4096, 6144, 1},
      {"o", 4096, 4096, 0},
      {"gate_up", 4096, 28672, 1},
      {"down", 14336, 4096, 0}}},
    {"meta-llama/Llama-3.3-70B-Instruct",
     {{"qkv", 8192, 10240, 1},
      {"o", 8192, 8192, 0},
      {"gate_up", 8192, 57344, 1},
      {"down", 28672, 8192, 0}}},
    {"mistralai/Mistral-Large-Instruct-2407",
     {{"qkv", 12288, 14336, 1},
      {"o", 12288, 12288, 0},
      {"gate_up", 12288, 57344, 1},
      {"down", 28672, 12288, 0}}},
    {"Qwen/Qwen2.5-7B-Instruct",
     {{"qkv", 3584, 4608, 1},
      {"o", 3584, 3584, 0},
      {"gate_up", 3584, 37888, 1},
      {"down", 18944, 3584, 0}}},
    {"Qwen/Qwen2.5-32B-Instruct",
     {{"qkv", 5120, 7168, 1},
      {"o", 5120, 5120, 0},
      {"gate_up", 5120, 55296, 1},
      {"down", 27648, 5120, 0}}},
    {"Qwen/Qwen2.5-72B-Instruct",
     {{"qkv", 8192, 10240, 1},
      {"o", 8192, 8192, 0},
      {"gate_up", 8192, 59136, 1},
      {"down", 29568, 8192, 0}}},
    {"deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct",
     {{"q", 2048, 3072, 1},
      {"n4096_k2048", 2048, 4096, 1},
      {"o", 2048, 2048, 0},
      {"kv_a", 2048, 576, 0},
      {"gate_up", 2048, 21888, 1},
      {"down", 10944, 2048, 0},
      {"expert_gate_up", 2048, 2816, 1},
      {"expert_down", 1408, 2048, 0}}},
    {"CohereLabs/c4ai-command-a-03-2025",
     {{"gate_up", 12288, 73728, 1},
      {"down", 36864, 12288, 0},
      {"qkv", 12288, 14336, 1},
      {"o", 12288, 12288, 0}}},
};
// clang-format on

TEST(ModelData, EqualsTheReferencesTable) {
  const auto models = load_models(QGEMM_TEST_MODELS);
  ASSERT_EQ(models.size(), expected.size());
  for (std::size_t m = 0; m < models.size(); ++m) {
    const Model& model = models[m];
    EXPECT_EQ(model.name, expected[m].name);
    EXPECT_FALSE(model.source.empty() || model.revision.empty()) << model.name;
    ASSERT_EQ(model.layers.size(), expected[m].layers.size()) << model.name;
    for (std::size_t l = 0; l < model.layers.size(); ++l) {
      const ExpectedLayer& layer = expected[m].layers[l];
      EXPECT_EQ(model.layers[l].name, layer.name) << model.name;
      EXPECT_EQ(model.layers[l].n, layer.n) << model.name << " " << layer.name;
      EXPECT_EQ(model.layers[l].k, layer.k) << model.name << " " << layer.name;
      EXPECT_EQ(model.layers[l].split, layer.tp_dim == 0 ? SplitDim::k : SplitDim::n)
          << model.name << " " << layer.name;
    }
  }
}

TEST(ModelData, IsFoundWithoutBeingTold) {
  const auto models = load_models(models_folder());
  EXPECT_EQ(models.size(), expected.size());
}

}  // namespace
}  // namespace qgemm
