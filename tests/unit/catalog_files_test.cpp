#include <cstdlib>

#include "catalog_folder.hpp"
#include "qgemm/catalog.hpp"

namespace qgemm {
namespace {

std::string model_json(const std::string& name, const std::string& extra = "") {
  return R"({"name": ")" + name + R"(", "source": "s", "revision": "r", )" + extra +
         R"("layers": [{"name": "qkv", "n": 8, "k": 4, "split": "n"}]})";
}

std::string with_layer(const std::string& layer) {
  return R"({"name": "a/b", "source": "s", "revision": "r", "layers": [)" + layer + "]}";
}

void expect_bad(const std::string& text, const std::vector<std::string>& words) {
  const CatalogFolder folder;
  folder.write("bad.json", text);
  auto all = words;
  all.emplace_back("bad.json");
  expect_error<InvalidInput>([&] { load_models(folder.path()); }, all);
}

TEST(LoadModels, SortsByOrderThenName) {
  const CatalogFolder folder;
  folder.write("1.json", model_json("z/none"));
  folder.write("2.json", model_json("b/second", R"("order": 20, )"));
  folder.write("3.json", model_json("a/second", R"("order": 20, )"));
  folder.write("4.json", model_json("y/first", R"("order": 1, )"));
  folder.write("5.json", model_json("a/none", R"("unknown": [1, 2], "order": null, )"));
  folder.write("notes.txt", "not a model");
  std::vector<std::string> names;
  for (const Model& model : load_models(folder.path())) names.push_back(model.name);
  EXPECT_EQ(names, (std::vector<std::string>{"y/first", "a/second", "b/second", "a/none", "z/none"}));
}

TEST(LoadModels, RefusesWhatIsNoJson) {
  expect_bad("", {"not JSON"});
  expect_bad("{\"name\": ", {"not JSON"});
  expect_bad("\xff\xfe{}", {"not JSON"});
  expect_bad("[1]", {"not a JSON object"});
  expect_bad("7", {"not a JSON object"});
  expect_bad(std::string(100000, '['), {"not JSON"});
  expect_bad(std::string((16U << 20U) + 1, ' '), {"longer than 16 MiB"});
}

TEST(LoadModels, NamesTheFieldThatIsWrong) {
  expect_bad("{}", {"'name'", "missing"});
  expect_bad(R"({"name": 3})", {"'name'", "text"});
  expect_bad(R"({"name": ""})", {"'name'", "empty"});
  expect_bad(R"({"name": "a/b"})", {"'source'", "missing"});
  expect_bad(R"({"name": "a/b", "source": "s"})", {"'revision'", "missing"});
  expect_bad(R"({"name": "a/b", "source": "s", "revision": null})", {"'revision'", "missing"});
  expect_bad(R"({"name": "a/b", "source": "s", "revision": "r"})", {"'layers'", "missing"});
  expect_bad(R"({"name": "a/b", "source": "s", "revision": "r", "layers": {}})", {"'layers'", "list"});
  expect_bad(R"({"name": "a/b", "source": "s", "revision": "r", "layers": []})", {"'layers'", "empty"});
  expect_bad(model_json("a/b", R"("order": "first", )"), {"'order'", "whole number"});
  expect_bad(with_layer("5"), {"layers[0]", "not a JSON object"});
  expect_bad(with_layer(R"({"name": "x", "n": 1, "k": 1, "split": "m"})"), {"layers[0]", "'split'", "'m'"});
  expect_bad(with_layer(R"({"name": "x", "n": 1, "k": 1})"), {"layers[0]", "'split'", "missing"});
  expect_bad(model_json("a/b", R"("norms": "two", )"), {"'norms'", "'two'", "before"});
  const std::string twice = R"({"name": "x", "n": 1, "k": 1, "split": "n"})";
  expect_bad(with_layer(twice + ", " + twice), {"layers[1]", "'name'", "'x'"});
}

TEST(LoadModels, RefusesBadNumbers) {
  for (const char* number : {"0", "-8", "2147483649", "99999999999999999999", "18446744073709551615", "1e400"}) {
    expect_bad(with_layer(R"({"name": "x", "n": )" + std::string(number) + R"(, "k": 1, "split": "n"})"), {});
  }
  expect_bad(with_layer(R"({"name": "x", "n": 0, "k": 1, "split": "n"})"), {"layers[0]", "'n'", "is 0"});
  expect_bad(with_layer(R"({"name": "x", "n": 8, "k": 1.5, "split": "n"})"), {"'k'", "whole number"});
  expect_bad(with_layer(R"({"name": "x", "n": 8, "k": "64", "split": "n"})"), {"'k'", "whole number"});
}

TEST(LoadModels, RefusesNamesThatAreNoFolders) {
  for (const char* name : {"../../etc", "/root", "a/b/c", "a/", ".hidden", "a/..", "a b", "a\\\\b", "a\\u0000b"}) {
    expect_bad(model_json(name), {"'name'"});
  }
}

TEST(LoadModels, NamesBothFilesOfOneName) {
  const CatalogFolder folder;
  folder.write("one.json", model_json("a/b"));
  folder.write("two.json", model_json("a/b"));
  expect_error<InvalidInput>([&] { load_models(folder.path()); }, {"one.json", "two.json", "'a/b'"});
}

TEST(LoadModels, WithoutModelsIsUnavailable) {
  const CatalogFolder folder;
  expect_error<Unavailable>([&] { load_models(folder.path()); }, {folder.path().string()});
  expect_error<Unavailable>([&] { load_models(folder.path() / "absent"); }, {"absent"});
}

class ModelsFolder : public testing::Test {
 protected:
  void TearDown() override { unsetenv("QGEMM_DATA_DIR"); }
};

TEST_F(ModelsFolder, FollowsTheVariable) {
  const CatalogFolder folder;
  folder.write("models/x.json", "{}");
  setenv("QGEMM_DATA_DIR", folder.path().c_str(), 1);
  EXPECT_EQ(models_folder(), folder.path() / "models");
}

TEST_F(ModelsFolder, NamesAVariableThatIsWrong) {
  setenv("QGEMM_DATA_DIR", "/no/such/folder", 1);
  expect_error<Unavailable>([] { models_folder(); }, {"QGEMM_DATA_DIR", "/no/such/folder"});
}

TEST(SplitLayer, DividesTheSplitDimension) {
  const Model model{"org/m", "s", "r", {{"qkv", 6144, 4096, SplitDim::n}, {"o", 4096, 4096, SplitDim::k}}};
  const Layer qkv = split_layer(model, model.layers[0], 4), o = split_layer(model, model.layers[1], 4);
  EXPECT_EQ(qkv, (Layer{"qkv", 1536, 4096, SplitDim::n}));
  EXPECT_EQ(o, (Layer{"o", 4096, 1024, SplitDim::k}));
  EXPECT_EQ(split_layer(model, model.layers[0], 1), model.layers[0]);
}

TEST(SplitLayer, NamesAllThatDoesNotFit) {
  const Model model{"org/m", "s", "r", {{"qkv", 6144, 4096, SplitDim::n}, {"down", 4096, 14336, SplitDim::k}}};
  expect_error<InvalidInput>([&] { split_layer(model, model.layers[0], 5); }, {"org/m", "qkv", "N = 6144", "size 5"});
  expect_error<InvalidInput>([&] { split_layer(model, model.layers[1], 3); }, {"org/m", "down", "K = 14336", "size 3"});
  expect_error<InvalidInput>([&] { split_layer(model, model.layers[0], 0); }, {"org/m", "qkv", "is 0"});
  expect_error<InvalidInput>([&] { split_layer(model, model.layers[0], -2); }, {"is -2"});
}

}  // namespace
}  // namespace qgemm
