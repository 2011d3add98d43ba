// Products of each architecture, from what its published configs say.
#include <algorithm>

#include "catalog_shapes.hpp"

namespace qgemm {
namespace {

class Architectures : public ArchitectureTest {};

TEST_F(Architectures, Qwen2HasABiasOfQkv) {
  EXPECT_EQ(
      shapes(R"({"architectures": ["Qwen2ForCausalLM"], "hidden_size": 3584, "intermediate_size": 18944,
              "num_attention_heads": 28, "num_key_value_heads": 4, "num_hidden_layers": 28, "vocab_size": 152064})"),
      (Shapes{"qkv 4608x3584 bias", "o 3584x3584", "gate_up 37888x3584", "down 3584x18944", "lm_head 152064x3584"}));
}

TEST_F(Architectures, Gemma2HasHeadsOfItsOwnSize) {
  EXPECT_EQ(shapes(R"({"architectures": ["Gemma2ForCausalLM"], "hidden_size": 3584, "intermediate_size": 14336,
              "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 256, "vocab_size": 256000})"),
            (Shapes{"qkv 8192x3584", "o 3584x4096", "gate_up 28672x3584", "down 3584x14336", "lm_head 256000x3584"}));
}

TEST_F(Architectures, Gemma3ReadsTextAndLeavesOutWhatAllHave) {
  const std::string text = R"("hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 34)";
  const Shapes expected{"qkv 4096x2560", "o 2560x2048", "gate_up 20480x2560", "down 2560x10240"};
  EXPECT_EQ(shapes(R"({"architectures": ["Gemma3ForConditionalGeneration"], "text_config": {)" + text +
                   R"(}, "vision_config": {"hidden_size": 1152}})"),
            expected);
  EXPECT_EQ(shapes(R"({"architectures": ["Gemma3ForCausalLM"], )" + text + "}"), expected);
  EXPECT_EQ(
      model(R"({"architectures": ["Gemma3ForConditionalGeneration"], "text_config": {)" + text + "}}").decoder_layers,
      34);
}

TEST_F(Architectures, Phi3IsAsLlama) {
  EXPECT_EQ(shapes(R"({"architectures": ["Phi3ForCausalLM"], "hidden_size": 3072, "intermediate_size": 8192,
              "num_attention_heads": 32, "num_key_value_heads": 32, "vocab_size": 32064})"),
            (Shapes{"qkv 9216x3072", "o 3072x3072", "gate_up 16384x3072", "down 3072x8192", "lm_head 32064x3072"}));
}

TEST_F(Architectures, GptNeoxHasBiasesAndNoGate) {
  EXPECT_EQ(shapes(R"({"architectures": ["GPTNeoXForCausalLM"], "hidden_size": 6144, "intermediate_size": 24576,
              "num_attention_heads": 64, "num_hidden_layers": 44, "vocab_size": 50432})"),
            (Shapes{"qkv 18432x6144 bias", "o 6144x6144 bias", "up 24576x6144 bias", "down 6144x24576 bias",
                    "lm_head 50432x6144"}));
}

TEST_F(Architectures, OptHasBiasesUnlessItSaysSo) {
  const std::string opt = R"({"architectures": ["OPTForCausalLM"], "hidden_size": 768, "ffn_dim": 3072,
              "num_attention_heads": 12, "vocab_size": 50272)";
  EXPECT_EQ(shapes(opt + "}"), (Shapes{"qkv 2304x768 bias", "o 768x768 bias", "up 3072x768 bias", "down 768x3072 bias",
                                       "lm_head 50304x768"}));  // 50272 padded to 64s
  EXPECT_EQ(shapes(opt + R"(, "enable_bias": false})")[0], "qkv 2304x768");
}

TEST_F(Architectures, FalconSharesKeysAndValues) {
  // 7B: one for all its 71 heads; 40B: eight; without either, each its own.
  EXPECT_EQ(shapes(R"({"architectures": ["FalconForCausalLM"], "hidden_size": 4544, "num_attention_heads": 71,
              "multi_query": true, "new_decoder_architecture": false, "bias": false, "num_hidden_layers": 32})"),
            (Shapes{"qkv 4672x4544", "o 4544x4544", "up 18176x4544", "down 4544x18176"}));
  EXPECT_EQ(shapes(R"({"architectures": ["FalconForCausalLM"], "hidden_size": 8192, "num_attention_heads": 128,
              "num_kv_heads": 8, "new_decoder_architecture": true})")[0],
            "qkv 9216x8192");
  EXPECT_EQ(shapes(R"({"architectures": ["RWForCausalLM"], "hidden_size": 2048, "n_head": 32, "multi_query": false,
              "bias": true, "n_layer": 24})")[0],
            "qkv 6144x2048 bias");
}

TEST_F(Architectures, CommandRIsAsLlama) {
  EXPECT_EQ(shapes(R"({"architectures": ["CohereForCausalLM"], "hidden_size": 8192, "intermediate_size": 22528,
              "num_attention_heads": 64, "num_key_value_heads": 64, "vocab_size": 256000})"),
            (Shapes{"qkv 24576x8192", "o 8192x8192", "gate_up 45056x8192", "down 8192x22528", "lm_head 256000x8192"}));
}

TEST_F(Architectures, BertHasBiasesAndNoLogits) {
  EXPECT_EQ(shapes(R"({"architectures": ["BertModel"], "hidden_size": 384, "intermediate_size": 1536,
              "num_attention_heads": 12, "num_hidden_layers": 6, "vocab_size": 30522})"),
            (Shapes{"qkv 1152x384 bias", "o 384x384 bias", "up 1536x384 bias", "down 384x1536 bias"}));
}

// The catalogue's models, from the sizes that their published configs have.
TEST_F(Architectures, GiveTheCataloguesModels) {
  struct Known {
    const char* name;
    const char* architecture;
    std::int64_t hidden, intermediate, heads, kv_heads;
  };
  const Known known[] = {{"mistralai/Mistral-7B-v0.1", "MistralForCausalLM", 4096, 14336, 32, 8},
                         {"meta-llama/Llama-2-7b-hf", "LlamaForCausalLM", 4096, 11008, 32, 32},
                         {"meta-llama/Llama-2-13b-hf", "LlamaForCausalLM", 5120, 13824, 40, 40},
                         {"meta-llama/Llama-2-70b-hf", "LlamaForCausalLM", 8192, 28672, 64, 8},
                         {"meta-llama/Llama-3.1-8B-Instruct", "LlamaForCausalLM", 4096, 14336, 32, 8},
                         {"meta-llama/Llama-3.3-70B-Instruct", "LlamaForCausalLM", 8192, 28672, 64, 8},
                         {"Qwen/Qwen2.5-7B-Instruct", "Qwen2ForCausalLM", 3584, 18944, 28, 4},
                         {"Qwen/Qwen2.5-32B-Instruct", "Qwen2ForCausalLM", 5120, 27648, 40, 8},
                         {"Qwen/Qwen2.5-72B-Instruct", "Qwen2ForCausalLM", 8192, 29568, 64, 8},
                         {"meta-llama/Llama-3-8b", "LlamaForCausalLM", 4096, 14336, 32, 8},
                         {"meta-llama/Llama-3.1-405b-hf", "LlamaForCausalLM", 16384, 53248, 128, 8},
                         {"mistralai/Mistral-Large-Instruct-2407", "MistralForCausalLM", 12288, 28672, 96, 8},
                         {"CohereLabs/c4ai-command-a-03-2025", "Cohere2ForCausalLM", 12288, 36864, 96, 8}};
  const auto catalogue = load_models(QGEMM_TEST_MODELS);
  int found = 0;
  for (const auto& one : known) {
    const auto built_in =
        std::find_if(catalogue.begin(), catalogue.end(), [&](const Model& m) { return m.name == one.name; });
    if (built_in == catalogue.end()) continue;
    ++found;
    const Model read =
        model(std::string(R"({"architectures": [")") + one.architecture + R"("], "hidden_size": )" +
              std::to_string(one.hidden) + R"(, "intermediate_size": )" + std::to_string(one.intermediate) +
              R"(, "num_attention_heads": )" + std::to_string(one.heads) + R"(, "num_key_value_heads": )" +
              std::to_string(one.kv_heads) + "}");
    for (const std::int64_t tp : {1, 2, 4, 8}) {
      if (one.heads % tp != 0) continue;
      for (const Layer& layer : built_in->layers) {
        const auto same =
            std::find_if(read.layers.begin(), read.layers.end(), [&](const Layer& l) { return l.name == layer.name; });
        ASSERT_NE(same, read.layers.end()) << one.name << " " << layer.name;
        const Layer expected = split_layer(*built_in, layer, tp), share = split_layer(read, *same, tp);
        EXPECT_EQ(share.n, expected.n) << one.name << " " << layer.name << " TP " << tp;
        EXPECT_EQ(share.k, expected.k) << one.name << " " << layer.name << " TP " << tp;
        EXPECT_EQ(share.split, expected.split) << one.name << " " << layer.name;
      }
    }
  }
  EXPECT_EQ(found, static_cast<int>(std::size(known)));  // all but DeepSeek's
}

TEST_F(Architectures, DevicesShareWholeHeadsAndCopyThoseOfKeysAndValues) {
  const Model qwen = model(R"({"architectures": ["Qwen2ForCausalLM"], "hidden_size": 2048, "intermediate_size": 11008,
              "num_attention_heads": 16, "num_key_value_heads": 2})");
  const Layer& qkv = qwen.layers[0];
  EXPECT_EQ(qkv.n, (16 + 4) * 128);
  EXPECT_EQ(split_layer(qwen, qkv, 2).n, (8 + 2) * 128);
  EXPECT_EQ(split_layer(qwen, qkv, 4).n, (4 + 2) * 128);
  EXPECT_EQ(split_layer(qwen, qkv, 8).n, (2 + 2) * 128);
  EXPECT_EQ(split_layer(qwen, qwen.layers[1], 8).k, 256);
  expect_error<InvalidInput>([&] { split_layer(qwen, qkv, 3); }, {"qkv", "heads", "16", "3"});
  expect_error<InvalidInput>([&] { split_layer(qwen, qwen.layers[1], 32); }, {"layer o", "heads", "16", "32"});
  const Model odd = model(R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 1536, "intermediate_size": 8,
              "num_attention_heads": 12, "num_key_value_heads": 3})");
  expect_error<InvalidInput>([&] { split_layer(odd, odd.layers[0], 4); }, {"qkv", "multiple of the 3 heads"});
  EXPECT_EQ(split_layer(odd, odd.layers[0], 6).n, (2 + 2) * 128);
}

}  // namespace
}  // namespace qgemm
