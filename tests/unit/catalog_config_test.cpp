#include "catalog_folder.hpp"
#include "qgemm/catalog.hpp"

namespace qgemm {
namespace {

using Shapes = std::vector<std::string>;

/// "qkv 6144x4096 n", with what is special behind it.
Shapes shapes_of(const Model& model) {
  Shapes shapes;
  for (const Layer& layer : model.layers) {
    shapes.push_back(layer.name + " " + std::to_string(layer.n) + "x" + std::to_string(layer.k) +
                     (layer.split == SplitDim::n ? " n" : " k") + (layer.bias ? " bias" : ""));
    if (layer.experts > 0)
      shapes.back() += " " + std::to_string(layer.experts_per_token) + "/" + std::to_string(layer.experts);
  }
  return shapes;
}

constexpr const char* llama_8b = R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 4096,
  "intermediate_size": 14336, "num_attention_heads": 32, "num_key_value_heads": 8, "rope_theta": 500000.0})";

TEST(LoadModelConfig, LlamaEqualsTheCatalogue) {
  const CatalogFolder folder;
  folder.write("my-llama/config.json", llama_8b);
  const Model model = load_model_config(folder.path() / "my-llama");
  EXPECT_EQ(model.name, "my-llama");
  EXPECT_EQ(model.source, (folder.path() / "my-llama/config.json").string());
  EXPECT_EQ(shapes_of(model),
            (Shapes{"qkv 6144x4096 n", "o 4096x4096 k", "gate_up 28672x4096 n", "down 4096x14336 k"}));
}

TEST(LoadModelConfig, HeadDimMayDifferFromTheShare) {
  const CatalogFolder folder;
  const auto path = folder.write("qwen3.json", R"({"architectures": ["Qwen3ForCausalLM"], "hidden_size": 1024,
    "intermediate_size": 3072, "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128})");
  const Model model = load_model_config(path);
  EXPECT_EQ(model.name, "qwen3");
  EXPECT_EQ(shapes_of(model)[0], "qkv 4096x1024 n");
  EXPECT_EQ(shapes_of(model)[1], "o 1024x2048 k");
}

TEST(LoadModelConfig, LlamaWithoutKvHeadsHasAllHeads) {
  const CatalogFolder folder;
  const auto path = folder.write("config.json", R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 4096,
    "intermediate_size": 11008, "num_attention_heads": 32, "num_key_value_heads": null, "head_dim": null})");
  EXPECT_EQ(load_model_config(path).layers[0].n, 12288);
}

TEST(LoadModelConfig, TakesTheNameOfTheHubsCache) {
  const CatalogFolder folder;
  folder.write("models--meta-llama--Llama-3.1-8B/snapshots/abc123/config.json", llama_8b);
  const Model model = load_model_config(folder.path() / "models--meta-llama--Llama-3.1-8B/snapshots/abc123");
  EXPECT_EQ(model.name, "meta-llama/Llama-3.1-8B");
  EXPECT_EQ(model.revision, "abc123");
}

TEST(LoadModelConfig, TakesTheConfigsOwnNameOnlyIfItIsOne) {
  const CatalogFolder folder;
  const auto with_name = [&](const std::string& name) {
    std::string text = llama_8b;
    text.insert(1, "\"_name_or_path\": " + name + ", ");
    folder.write("copy of it/config.json", text);
    return load_model_config(folder.path() / "copy of it").name;
  };
  EXPECT_EQ(with_name("\"mistralai/Mistral-7B\""), "mistralai/Mistral-7B");
  for (const char* other : {"\"/home/me/model\"", "\"\"", "\"..\"", "\"../x\"", "7"}) {
    EXPECT_EQ(with_name(other), "copy-of-it") << other;
  }
}

TEST(LoadModelConfig, RefusesOtherArchitecturesWithTheNearest) {
  const CatalogFolder folder;
  const auto path = folder.write("config.json", R"({"architectures": ["LlamaForCausalLMEagle"], "hidden_size": 2048})");
  expect_error<InvalidInput>([&] { load_model_config(path); },
                             {"config.json", "'LlamaForCausalLMEagle'", "nearest", " LlamaForCausalLM", "--shapes"});
}

TEST(LoadModelConfig, SaysWhatIsMissingOfModelsThatAreNotLikeTheOthers) {
  const CatalogFolder folder;
  const auto refused = [&](const std::string& name, const std::string& why) {
    const auto path = folder.write("config.json", R"({"architectures": [")" + name + R"("], "hidden_size": 2048})");
    expect_error<InvalidInput>([&] { load_model_config(path); }, {"config.json", "'" + name + "'", why, "--shapes"});
  };
  refused("NemotronHForCausalLM", "carry a state");
  refused("DeciLMForCausalLM", "different sizes");
  refused("DeepseekV32ForCausalLM", "indexer");
  refused("T5ForConditionalGeneration", "an encoder and a decoder");
}

TEST(LoadModelConfig, NamesWhatIsMissingOrWrong) {
  const CatalogFolder folder;
  const auto expect_bad = [&](const std::string& text, const std::vector<std::string>& words) {
    const auto path = folder.write("config.json", text);
    expect_error<InvalidInput>([&] { load_model_config(path); }, words);
  };
  expect_bad("{}", {"config.json", "'architectures'", "missing"});
  expect_bad(R"({"architectures": []})", {"'architectures'", "empty"});
  expect_bad(R"({"architectures": [3]})", {"'architectures'"});
  const std::string mistral = R"({"architectures": ["MistralForCausalLM"], )";
  expect_bad(mistral + R"("intermediate_size": 8})", {"'hidden_size'", "missing"});
  expect_bad(mistral + R"("hidden_size": 8, "num_attention_heads": 4, "num_key_value_heads": 4})",
             {"'intermediate_size'", "missing"});
  expect_bad(mistral + R"("hidden_size": 8, "intermediate_size": 8})", {"'num_attention_heads'", "missing"});
  expect_bad(mistral + R"("hidden_size": 8, "num_attention_heads": 4, "num_key_value_heads": 4,
                           "intermediate_size": 2147483648})",
             {"'intermediate_size'", "2^31"});
  expect_bad(R"({"architectures": ["Qwen2ForCausalLM"], "hidden_size": 8, "num_attention_heads": 4,
                 "num_key_value_heads": 4, "attention_bias": 1})",
             {"'attention_bias'", "true or false"});
  expect_bad(R"({"architectures": ["MixtralForCausalLM"], "hidden_size": 8, "num_attention_heads": 4,
                 "num_key_value_heads": 4, "intermediate_size": 8, "num_local_experts": 2, "num_experts_per_tok": 3})",
             {"'num_experts_per_tok'", "more than the 2"});
  expect_bad(R"({"architectures": ["Gemma3ForConditionalGeneration"], "text_config": 3})", {"text_config", "object"});
  const std::string four = mistral + R"("hidden_size": 8, "intermediate_size": 8, "num_attention_heads": 4)";
  expect_bad(four + "}", {"'num_key_value_heads'", "missing"});
  expect_bad(four + R"(, "num_key_value_heads": 3})", {"'num_key_value_heads'", "does not divide"});
  expect_bad(four + R"(, "num_key_value_heads": 0})", {"'num_key_value_heads'", "is 0"});
  expect_bad(four + R"(, "num_key_value_heads": 4, "head_dim": "64"})", {"'head_dim'", "whole number"});
  expect_bad(four + R"(, "num_key_value_heads": 4, "head_dim": 2147483648})", {"'head_dim'", "2^31"});
  expect_bad(R"({"architectures": ["Qwen3ForCausalLM"], "hidden_size": 8, "intermediate_size": 8,
                 "num_attention_heads": 4, "num_key_value_heads": 4})",
             {"'head_dim'", "missing"});
  expect_bad(R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 9, "intermediate_size": 8,
                 "num_attention_heads": 4})",
             {"'head_dim'", "hidden_size does not divide"});
}

TEST(LoadModelConfig, NamesAFileThatIsNotThere) {
  const CatalogFolder folder;
  expect_error<InvalidInput>([&] { load_model_config(folder.path()); }, {(folder.path() / "config.json").string()});
  expect_error<InvalidInput>([&] { load_model_config("/no/such.json"); }, {"/no/such.json"});
}

}  // namespace
}  // namespace qgemm
