#include "catalog_folder.hpp"
#include "qgemm/catalog.hpp"

namespace qgemm {
namespace {

const std::vector<Model>& catalogue() {
  static const std::vector<Model> models = load_models(QGEMM_TEST_MODELS);
  return models;
}

std::vector<std::string> selected(const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const Model& model : select_models(catalogue(), names)) out.push_back(model.name);
  return out;
}

using Names = std::vector<std::string>;

TEST(SelectModels, ByNameAndByUniquePartInAnyCase) {
  EXPECT_EQ(selected({"meta-llama/Llama-3-8b"}), (Names{"meta-llama/Llama-3-8b"}));
  EXPECT_EQ(selected({"META-llama/llama-3-8B"}), (Names{"meta-llama/Llama-3-8b"}));
  EXPECT_EQ(selected({"command-a"}), (Names{"CohereLabs/c4ai-command-a-03-2025"}));
  EXPECT_EQ(selected({"3.1-8b"}), (Names{"meta-llama/Llama-3.1-8B-Instruct"}));
}

TEST(SelectModels, InTheOrderAskedForEachOnce) {
  EXPECT_EQ(selected({"qwen2.5-7b", "3.1-8b", "Qwen/Qwen2.5-7B-Instruct"}),
            (Names{"Qwen/Qwen2.5-7B-Instruct", "meta-llama/Llama-3.1-8B-Instruct"}));
  EXPECT_EQ(selected({"all"}).size(), catalogue().size());
  const auto first = selected({"deepseek", "all"});
  EXPECT_EQ(first.size(), catalogue().size());
  EXPECT_EQ(first.front(), "deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct");
  EXPECT_TRUE(selected({}).empty());
}

TEST(SelectModels, AWholeNameIsNotAmbiguous) {
  const Layer layer{"x", 1, 1, SplitDim::n};
  const std::vector<Model> models = {{"a/m-large", "s", "r", {layer}}, {"a/m", "s", "r", {layer}}};
  EXPECT_EQ(select_models(models, {"A/M"}).front().name, "a/m");
  EXPECT_EQ(select_models(models, {"m"}).front().name, "a/m");
  EXPECT_THROW(select_models(models, {"a/"}), InvalidInput);
}

TEST(SelectModels, AmbiguousListsWhatItFits) {
  expect_error<InvalidInput>([] { selected({"Qwen"}); }, {"'Qwen'", "Qwen/Qwen2.5-7B-Instruct",
                                                          "Qwen/Qwen2.5-32B-Instruct", "Qwen/Qwen2.5-72B-Instruct"});
}

TEST(SelectModels, UnknownNamesTheNearest) {
  expect_error<InvalidInput>([] { selected({"meta-llama/Lama-3-8b"}); },
                             {"'meta-llama/Lama-3-8b'", "meta-llama/Llama-3-8b"});
  EXPECT_THROW(selected({""}), InvalidInput);
  expect_error<InvalidInput>([] { select_models({}, {"x"}); }, {"empty"});
}

TEST(SelectModels, ReadsConfigs) {
  const CatalogFolder folder;
  const std::string config = R"({"architectures": ["Qwen2ForCausalLM"], "hidden_size": 64,
    "intermediate_size": 128, "num_attention_heads": 4, "num_key_value_heads": 2})";
  folder.write("tiny/config.json", config);
  const auto file = folder.write("other.json", config);
  EXPECT_EQ(selected({(folder.path() / "tiny").string(), "3.1-8b", file.string()}),
            (Names{"tiny", "meta-llama/Llama-3.1-8B-Instruct", "other"}));
  expect_error<InvalidInput>([] { selected({"absent.json"}); }, {"absent.json"});
}

TEST(SelectModels, TwoDifferentModelsOfOneNameAreRefused) {
  const CatalogFolder folder;
  const auto write = [&](const std::string& parent, int intermediate) {
    return folder
        .write(parent + "/same/config.json", R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 64,
      "intermediate_size": )" + std::to_string(intermediate) +
                                                 R"(, "num_attention_heads": 4})")
        .string();
  };
  const std::string one = write("a", 128), again = write("b", 128), other = write("c", 256);
  EXPECT_EQ(selected({one, again}), (Names{"same"}));
  expect_error<InvalidInput>([&] { selected({one, other}); }, {"'same'", one, other});
}

}  // namespace
}  // namespace qgemm
