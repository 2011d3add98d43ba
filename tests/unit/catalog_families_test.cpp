// Products of the families that are like one of the others, from what their published configs say.
#include "catalog_shapes.hpp"

namespace qgemm {
namespace {

class Families : public ArchitectureTest {};

TEST_F(Families, InternLm2SmolLm3Olmo2AndGraniteAreAsLlama) {
  EXPECT_EQ(shapes(R"({"architectures": ["InternLM2ForCausalLM"], "hidden_size": 4096, "intermediate_size": 14336,
              "num_attention_heads": 32, "num_key_value_heads": 8, "bias": false, "vocab_size": 92544})"),
            (Shapes{"qkv 6144x4096", "o 4096x4096", "gate_up 28672x4096", "down 4096x14336", "lm_head 92544x4096"}));
  EXPECT_EQ(shapes(R"({"architectures": ["InternLM2ForCausalLM"], "hidden_size": 2048, "intermediate_size": 8192,
              "num_attention_heads": 16, "num_key_value_heads": 8, "bias": true})")[1],
            "o 2048x2048 bias");
  EXPECT_EQ(shapes(R"({"architectures": ["SmolLM3ForCausalLM"], "hidden_size": 2048, "intermediate_size": 11008,
              "num_attention_heads": 16, "num_key_value_heads": 4, "attention_bias": false, "mlp_bias": false})"),
            (Shapes{"qkv 3072x2048", "o 2048x2048", "gate_up 22016x2048", "down 2048x11008"}));
  EXPECT_EQ(shapes(R"({"architectures": ["Olmo2ForCausalLM"], "hidden_size": 5120, "intermediate_size": 13824,
              "num_attention_heads": 40, "num_key_value_heads": 40, "attention_bias": false})")[0],
            "qkv 15360x5120");
  EXPECT_EQ(shapes(R"({"architectures": ["GraniteForCausalLM"], "hidden_size": 4096, "intermediate_size": 12800,
              "num_attention_heads": 32, "num_key_value_heads": 8, "attention_bias": false, "mlp_bias": false})"),
            (Shapes{"qkv 6144x4096", "o 4096x4096", "gate_up 25600x4096", "down 4096x12800"}));
}

TEST_F(Families, ExaoneCountsItsLayersByAnotherName) {
  const Model exaone = model(R"({"architectures": ["ExaoneForCausalLM"], "hidden_size": 2560, "intermediate_size": 7168,
              "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 80, "num_layers": 30})");
  EXPECT_EQ(exaone.layers[0].n, (32 + 16) * 80);
  EXPECT_EQ(exaone.decoder_layers, 30);
}

TEST_F(Families, QwenThatSeesIsReadByItsText) {
  const Shapes expected{"qkv 4608x3584 bias", "o 3584x3584", "gate_up 37888x3584", "down 3584x18944"};
  const std::string text = R"("hidden_size": 3584, "intermediate_size": 18944, "num_attention_heads": 28,
              "num_key_value_heads": 4)";
  const std::string name = R"({"architectures": ["Qwen2_5_VLForConditionalGeneration"], )";
  EXPECT_EQ(shapes(name + text + R"(, "vision_config": {"hidden_size": 1280}})"), expected);
  EXPECT_EQ(shapes(name + R"("text_config": {)" + text + "}}"), expected);
  EXPECT_EQ(shapes(R"({"architectures": ["Mistral3ForConditionalGeneration"], "text_config": {"hidden_size": 5120,
              "intermediate_size": 32768, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128}})"),
            (Shapes{"qkv 6144x5120", "o 5120x4096", "gate_up 65536x5120", "down 5120x32768"}));
}

TEST_F(Families, StableLmAndGlmHaveTheirBiasAtQkvAlone) {
  EXPECT_EQ(shapes(R"({"architectures": ["StableLmForCausalLM"], "hidden_size": 2048, "intermediate_size": 5632,
              "num_attention_heads": 32, "num_key_value_heads": 32, "use_qkv_bias": true})"),
            (Shapes{"qkv 6144x2048 bias", "o 2048x2048", "gate_up 11264x2048", "down 2048x5632"}));
  EXPECT_EQ(shapes(R"({"architectures": ["GlmForCausalLM"], "hidden_size": 4096, "intermediate_size": 13696,
              "num_attention_heads": 32, "num_key_value_heads": 2, "head_dim": 128, "attention_bias": true})"),
            (Shapes{"qkv 4608x4096 bias", "o 4096x4096", "gate_up 27392x4096", "down 4096x13696"}));
}

TEST_F(Families, Starcoder2PhiAndNemotronHaveNoGate) {
  EXPECT_EQ(shapes(R"({"architectures": ["Starcoder2ForCausalLM"], "hidden_size": 3072, "intermediate_size": 12288,
              "num_attention_heads": 24, "num_key_value_heads": 2, "use_bias": true})"),
            (Shapes{"qkv 3584x3072 bias", "o 3072x3072 bias", "up 12288x3072 bias", "down 3072x12288 bias"}));
  EXPECT_EQ(shapes(R"({"architectures": ["PhiForCausalLM"], "hidden_size": 2560, "intermediate_size": 10240,
              "num_attention_heads": 32, "num_key_value_heads": null})"),
            (Shapes{"qkv 7680x2560 bias", "o 2560x2560 bias", "up 10240x2560 bias", "down 2560x10240 bias"}));
  EXPECT_EQ(shapes(R"({"architectures": ["NemotronForCausalLM"], "hidden_size": 3072, "intermediate_size": 9216,
              "num_attention_heads": 24, "num_key_value_heads": 8, "head_dim": 128})"),
            (Shapes{"qkv 5120x3072", "o 3072x3072", "up 9216x3072", "down 3072x9216"}));
}

TEST_F(Families, SayWhereTheyNormalize) {
  const auto norms = [&](const std::string& name, const std::string& more = "") {
    return model(R"({"architectures": [")" + name + R"("], "hidden_size": 64, "intermediate_size": 128,
              "num_attention_heads": 4, "num_key_value_heads": 4, "num_kv_heads": 4)" +
                 more + "}")
        .norms;
  };
  EXPECT_EQ(norms("LlamaForCausalLM"), Norms::before);
  EXPECT_EQ(norms("Cohere2ForCausalLM"), Norms::one);
  EXPECT_EQ(norms("BertModel"), Norms::behind);
  EXPECT_EQ(norms("Olmo2ForCausalLM"), Norms::behind);
  EXPECT_EQ(norms("StableLmForCausalLM"), Norms::before);
  EXPECT_EQ(norms("StableLmForCausalLM", R"(, "use_parallel_residual": true)"), Norms::one);
  EXPECT_EQ(norms("FalconForCausalLM"), Norms::one);
  EXPECT_EQ(norms("FalconForCausalLM", R"(, "parallel_attn": false)"), Norms::before);
  EXPECT_EQ(norms("FalconForCausalLM", R"(, "new_decoder_architecture": true)"), Norms::before);
  EXPECT_EQ(norms("FalconForCausalLM", R"(, "new_decoder_architecture": true, "num_ln_in_parallel_attn": 1)"),
            Norms::one);
}

TEST_F(Families, Gpt2HasNamesOfItsOwn) {
  const Model gpt2 = model(R"({"architectures": ["GPT2LMHeadModel"], "n_embd": 768, "n_head": 12, "n_layer": 12,
              "n_inner": null, "vocab_size": 50257})");
  EXPECT_EQ(shapes_of(gpt2), (Shapes{"qkv 2304x768 bias", "o 768x768 bias", "up 3072x768 bias", "down 768x3072 bias",
                                     "lm_head 50304x768"}));
  EXPECT_EQ(gpt2.decoder_layers, 12);
  EXPECT_EQ(shapes(R"({"architectures": ["GPTBigCodeForCausalLM"], "n_embd": 6144, "n_head": 48, "n_inner": 24576,
              "multi_query": true})")[0],
            "qkv 6400x6144 bias");
}

}  // namespace
}  // namespace qgemm
