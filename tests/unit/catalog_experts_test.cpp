// Products of the families with experts, from what their published configs say.
#include "catalog_shapes.hpp"

namespace qgemm {
namespace {

class Experts : public ArchitectureTest {};

TEST_F(Experts, MixtralHasExperts) {
  const Model mixtral = model(R"({"architectures": ["MixtralForCausalLM"], "hidden_size": 4096,
              "intermediate_size": 14336, "num_attention_heads": 32, "num_key_value_heads": 8, "num_hidden_layers": 32,
              "num_local_experts": 8, "num_experts_per_tok": 2})");
  ASSERT_EQ(mixtral.layers.size(), 4U);
  EXPECT_EQ(mixtral.layers[2].name, "expert_gate_up");
  EXPECT_EQ(mixtral.layers[2].n, 28672);
  EXPECT_EQ(mixtral.layers[3].k, 14336);
  EXPECT_EQ(mixtral.decoder_layers, 0) << "how often a step has an expert's products depends on its tokens";
  const std::pair<std::int64_t, std::int64_t> expected[] = {{1, 1}, {4, 1}, {5, 2}, {16, 4}, {17, 5}, {1024, 256}};
  for (const auto& [batch, tokens] : expected) {
    EXPECT_EQ(tokens_of(mixtral.layers[2], batch), tokens) << batch;
    EXPECT_EQ(tokens_of(mixtral.layers[0], batch), batch);
  }
  EXPECT_EQ(tokens_of(mixtral.layers[2], std::int64_t{1} << 31U), std::int64_t{1} << 29U);
}

TEST_F(Experts, QwenHasExpertsThatAreSharedAndLayersThatHaveNone) {
  const std::string moe = R"({"architectures": ["Qwen2MoeForCausalLM"], "hidden_size": 2048, "intermediate_size": 5632,
              "moe_intermediate_size": 1408, "shared_expert_intermediate_size": 5632, "num_attention_heads": 16,
              "num_key_value_heads": 16, "num_experts": 60, "num_experts_per_tok": 4)";
  const Shapes all_sparse{"qkv 6144x2048 bias",
                          "o 2048x2048",
                          "expert_gate_up 2816x2048 4/60",
                          "expert_down 2048x1408 4/60",
                          "shared_gate_up 11264x2048",
                          "shared_down 2048x5632"};
  EXPECT_EQ(shapes(moe + R"(, "decoder_sparse_step": 1, "mlp_only_layers": []})"), all_sparse);
  Shapes some_dense = all_sparse;
  some_dense.insert(some_dense.end(), {"gate_up 11264x2048", "down 2048x5632"});
  EXPECT_EQ(shapes(moe + R"(, "decoder_sparse_step": 2})"), some_dense);
  EXPECT_EQ(shapes(moe + R"(, "mlp_only_layers": [0]})"), some_dense);
  EXPECT_EQ(shapes(R"({"architectures": ["Qwen3MoeForCausalLM"], "hidden_size": 2048, "moe_intermediate_size": 768,
              "num_attention_heads": 32, "num_key_value_heads": 4, "head_dim": 128, "num_experts": 128,
              "num_experts_per_tok": 8, "intermediate_size": 6144})"),
            (Shapes{"qkv 5120x2048", "o 2048x4096", "expert_gate_up 1536x2048 8/128", "expert_down 2048x768 8/128"}));
}

/// Attention by a latent vector, 64 routed experts and two shared ones; the first layer is dense.
constexpr const char* deepseek_v2_lite = R"({"architectures": ["DeepseekV2ForCausalLM"], "hidden_size": 2048,
  "intermediate_size": 10944, "moe_intermediate_size": 1408, "num_attention_heads": 16, "num_key_value_heads": 16,
  "n_routed_experts": 64, "n_shared_experts": 2, "num_experts_per_tok": 6, "first_k_dense_replace": 1,
  "moe_layer_freq": 1, "kv_lora_rank": 512, "q_lora_rank": null, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
  "v_head_dim": 128, "num_hidden_layers": 27, "vocab_size": 102400})";

constexpr const char* deepseek_v3 = R"({"architectures": ["DeepseekV3ForCausalLM"], "hidden_size": 7168,
  "intermediate_size": 18432, "moe_intermediate_size": 2048, "num_attention_heads": 128, "num_key_value_heads": 128,
  "n_routed_experts": 256, "n_shared_experts": 1, "num_experts_per_tok": 8, "first_k_dense_replace": 3,
  "moe_layer_freq": 1, "kv_lora_rank": 512, "q_lora_rank": 1536, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
  "v_head_dim": 128, "num_hidden_layers": 61, "vocab_size": 129280})";

TEST_F(Experts, DeepSeekHasLatentVectorsOfKeysAndValues) {
  EXPECT_EQ(shapes(deepseek_v2_lite),
            (Shapes{"q 3072x2048", "kv_a 576x2048", "kv_b 4096x512", "o 2048x2048", "expert_gate_up 2816x2048 6/64",
                    "expert_down 2048x1408 6/64", "shared_gate_up 5632x2048", "shared_down 2048x2816",
                    "gate_up 21888x2048", "down 2048x10944", "lm_head 102400x2048"}));
}

TEST_F(Experts, DeepSeekV3HasThemOfQueriesToo) {
  EXPECT_EQ(shapes(deepseek_v3),
            (Shapes{"qkv_a 2112x7168", "q_b 24576x1536", "kv_b 32768x512", "o 7168x16384",
                    "expert_gate_up 4096x7168 8/256", "expert_down 7168x2048 8/256", "shared_gate_up 4096x7168",
                    "shared_down 7168x2048", "gate_up 36864x7168", "down 7168x18432", "lm_head 129280x7168"}));
}

TEST_F(Experts, EveryDeviceMultipliesAllOfDeepSeeksLatentVectors) {
  const Model v3 = model(deepseek_v3);
  const auto share = [&](const char* name, std::int64_t tp) {
    for (const Layer& layer : v3.layers) {
      if (layer.name == name) return split_layer(v3, layer, tp);
    }
    return Layer{};
  };
  EXPECT_EQ(share("qkv_a", 8).n, 2112);
  EXPECT_EQ(share("qkv_a", 8).k, 7168);
  EXPECT_EQ(share("q_b", 8).n, 3072);
  EXPECT_EQ(share("q_b", 8).k, 1536);
  EXPECT_EQ(share("kv_b", 8).n, 4096);
  EXPECT_EQ(share("o", 8).k, 2048);
  EXPECT_EQ(share("expert_gate_up", 8).n, 512);
  EXPECT_EQ(share("shared_down", 8).k, 256);
  expect_error<InvalidInput>([&] { share("q_b", 3); }, {"q_b", "heads", "128", "3"});
}

TEST_F(Experts, DeepSeekWithoutExpertsOrSharedOnesIsDense) {
  const std::string attention = R"({"architectures": ["DeepseekV2ForCausalLM"], "hidden_size": 256,
    "intermediate_size": 512, "num_attention_heads": 4, "kv_lora_rank": 64, "qk_nope_head_dim": 16,
    "qk_rope_head_dim": 8, "v_head_dim": 16, "num_hidden_layers": 5)";
  const Model dense = model(attention + "}");
  EXPECT_EQ(shapes_of(dense),
            (Shapes{"q 96x256", "kv_a 72x256", "kv_b 128x64", "o 256x64", "gate_up 1024x256", "down 256x512"}));
  EXPECT_EQ(dense.decoder_layers, 5);
  const std::string routed =
      attention + R"(, "n_routed_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 32)";
  const Shapes none_shared = shapes(routed + R"(, "first_k_dense_replace": 0, "n_shared_experts": null})");
  EXPECT_EQ(none_shared.back(), "expert_down 256x32 2/8");
  EXPECT_EQ(shapes(routed + R"(, "moe_layer_freq": 2})").back(), "down 256x512");
}

TEST_F(Experts, NameWhatDeepSeeksConfigLacks) {
  std::string without = deepseek_v2_lite;
  without.replace(without.find("\"kv_lora_rank\": 512,"), 20, "");
  expect_error<InvalidInput>([&] { model(without); }, {"config.json", "'kv_lora_rank'", "missing"});
  std::string huge = deepseek_v2_lite;
  huge.replace(huge.find("\"kv_lora_rank\": 512,"), 20, "\"kv_lora_rank\": 2147483648,");
  expect_error<InvalidInput>([&] { model(huge); }, {"'kv_lora_rank'", "2^31"});
}

TEST_F(Experts, GlmHasDeepSeeksExpertsBehindGroupedHeads) {
  EXPECT_EQ(
      shapes(R"({"architectures": ["Glm4MoeForCausalLM"], "hidden_size": 4096, "intermediate_size": 10944,
              "moe_intermediate_size": 1408, "num_attention_heads": 96, "num_key_value_heads": 8, "head_dim": 128,
              "attention_bias": true, "n_routed_experts": 128, "n_shared_experts": 1, "num_experts_per_tok": 8,
              "first_k_dense_replace": 1})"),
      (Shapes{"qkv 14336x4096 bias", "o 4096x12288", "expert_gate_up 2816x4096 8/128", "expert_down 4096x1408 8/128",
              "shared_gate_up 2816x4096", "shared_down 4096x1408", "gate_up 21888x4096", "down 4096x10944"}));
}

TEST_F(Experts, Llama4SharesOneAndMayHaveLargeDenseLayers) {
  const std::string scout = R"({"architectures": ["Llama4ForConditionalGeneration"], "text_config": {
    "hidden_size": 5120, "intermediate_size": 8192, "intermediate_size_mlp": 16384, "num_attention_heads": 40,
    "num_key_value_heads": 8, "head_dim": 128, "num_local_experts": 16, "num_experts_per_tok": 1,
    "interleave_moe_layer_step": )";
  const Shapes all_sparse{"qkv 7168x5120",
                          "o 5120x5120",
                          "expert_gate_up 16384x5120 1/16",
                          "expert_down 5120x8192 1/16",
                          "shared_gate_up 16384x5120",
                          "shared_down 5120x8192"};
  EXPECT_EQ(shapes(scout + "1}}"), all_sparse);
  Shapes some_dense = all_sparse;
  some_dense.insert(some_dense.end(), {"gate_up 32768x5120", "down 5120x16384"});
  EXPECT_EQ(shapes(scout + "2}}"), some_dense);
}

TEST_F(Experts, GptOssHasBiasesEverywhere) {
  EXPECT_EQ(shapes(R"({"architectures": ["GptOssForCausalLM"], "hidden_size": 2880, "intermediate_size": 2880,
              "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 64, "attention_bias": true,
              "num_local_experts": 32, "num_experts_per_tok": 4})"),
            (Shapes{"qkv 5120x2880 bias", "o 2880x4096 bias", "expert_gate_up 5760x2880 bias 4/32",
                    "expert_down 2880x2880 bias 4/32"}));
}

TEST_F(Experts, SomeAreAsMixtral) {
  EXPECT_EQ(shapes(R"({"architectures": ["PhiMoEForCausalLM"], "hidden_size": 4096, "intermediate_size": 6400,
              "num_attention_heads": 32, "num_key_value_heads": 8, "attention_bias": true, "num_local_experts": 16,
              "num_experts_per_tok": 2})"),
            (Shapes{"qkv 6144x4096 bias", "o 4096x4096 bias", "expert_gate_up 12800x4096 2/16",
                    "expert_down 4096x6400 2/16"}));
  EXPECT_EQ(shapes(R"({"architectures": ["OlmoeForCausalLM"], "hidden_size": 2048, "intermediate_size": 1024,
              "num_attention_heads": 16, "num_key_value_heads": 16, "num_experts": 64, "num_experts_per_tok": 8})")[2],
            "expert_gate_up 2048x2048 8/64");
}

}  // namespace
}  // namespace qgemm
