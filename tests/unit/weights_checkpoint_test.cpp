#include <unistd.h>

#include <filesystem>

#include "qgemm/checkpoint.hpp"
#include "weights_files.hpp"

namespace qgemm {
namespace {

namespace fs = std::filesystem;

TensorToWrite bytes(const std::string& name, const std::string& data) {
  return {name, "I8", {static_cast<std::int64_t>(data.size())}, data};
}

std::vector<std::string> names_of(const Checkpoint& checkpoint) {
  std::vector<std::string> names;
  for (const auto& tensor : checkpoint.tensors()) names.push_back(tensor.name);
  return names;
}

std::string text_of(const Checkpoint& checkpoint, const std::string& name) {
  const auto data = checkpoint.data(name);
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

using Names = std::vector<std::string>;

TEST(Checkpoint, OpensAFile) {
  const CatalogFolder folder;
  const auto path = folder.write("any name", safetensors({{"b", "BF16", {1, 2}, "1234"}, bytes("a", "xyz")}));
  const Checkpoint checkpoint(path);
  EXPECT_EQ(checkpoint.path(), path);
  EXPECT_EQ(names_of(checkpoint), (Names{"a", "b"}));
  const StoredTensor& tensor = checkpoint.at("b");
  EXPECT_EQ(tensor.dtype, "BF16");
  EXPECT_EQ(tensor.type, DType::bf16);
  EXPECT_EQ(tensor.shape, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(tensor.bytes, 4U);
  EXPECT_EQ(text_of(checkpoint, "a"), "xyz");
  EXPECT_EQ(text_of(checkpoint, "b"), "1234");
}

TEST(Checkpoint, CopiesShareTheMapping) {
  const CatalogFolder folder;
  const auto path = folder.write("x.safetensors", safetensors({bytes("a", "xyz")}));
  auto first = std::make_unique<Checkpoint>(path);
  const std::byte* const there = first->data("a").data();
  const Checkpoint copy = *first;
  first.reset();
  EXPECT_EQ(copy.data("a").data(), there);
  fs::remove(path);  // what is mapped stays
  EXPECT_EQ(text_of(copy, "a"), "xyz");
}

TEST(Checkpoint, KnowsTheTypesThatQgemmHas) {
  const CatalogFolder folder;
  const auto path = folder.write("x.safetensors", safetensors({{"f32", "F32", {1}, "1234"},
                                                               {"f16", "F16", {1}, "12"},
                                                               {"bf16", "BF16", {1}, "12"},
                                                               {"s8", "I8", {1}, "1"},
                                                               {"e4m3", "F8_E4M3", {1}, "1"},
                                                               {"i64", "I64", {1}, "12345678"},
                                                               {"e5m2", "F8_E5M2", {1}, "1"},
                                                               {"bool", "BOOL", {1}, "1"}}));
  const Checkpoint checkpoint(path);
  for (const DType type : {DType::f32, DType::f16, DType::bf16, DType::s8, DType::e4m3}) {
    const std::string tensor(name(type));
    EXPECT_EQ(checkpoint.at(tensor).type, type);
    EXPECT_EQ(checkpoint.data(tensor).size(), size_of(type));
  }
  for (const char* other : {"i64", "e5m2", "bool"}) {
    EXPECT_EQ(checkpoint.at(other).type, std::nullopt);
    expect_error<InvalidInput>([&] { (void)checkpoint.data(other); },
                               {path.string(), other, checkpoint.at(other).dtype, "BF16"});
  }
}

TEST(Checkpoint, NamesTheNearestTensors) {
  const CatalogFolder folder;
  const auto path = folder.write("x.safetensors", safetensors({bytes("layers.0.up", "1"), bytes("norm", "2")}));
  const Checkpoint checkpoint(path);
  EXPECT_EQ(checkpoint.find("layers.0.op"), nullptr);
  EXPECT_EQ(checkpoint.find("zzz"), nullptr);
  expect_error<InvalidInput>([&] { (void)checkpoint.data("layers.0.op"); },
                             {path.string(), "'layers.0.op'", "nearest", "'layers.0.up'"});
  const auto empty = folder.write("empty.safetensors", safetensors({}));
  expect_error<InvalidInput>([&] { (void)Checkpoint(empty).at("a"); }, {"'a'", "none at all"});
}

TEST(Checkpoint, OpensAFolder) {
  const CatalogFolder folder;
  folder.write("b.safetensors", safetensors({bytes("b", "2")}));
  folder.write("a.safetensors", safetensors({bytes("c", "1")}));
  folder.write("config.json", "{}");
  EXPECT_EQ(names_of(Checkpoint(folder.path())), (Names{"b", "c"}));
  // What transformers opens goes before what lies beside it.
  folder.write("model.safetensors", safetensors({bytes("c", "3")}));
  EXPECT_EQ(names_of(Checkpoint(folder.path())), (Names{"c"}));
  EXPECT_EQ(text_of(Checkpoint(folder.path()), "c"), "3");
}

TEST(Checkpoint, OpensTheShardsOfAnIndex) {
  const CatalogFolder folder;
  folder.write("model-1.safetensors", safetensors({bytes("a", "1"), bytes("b", "2")}));
  folder.write("model-2.safetensors", safetensors({bytes("c", "3"), bytes("not in the index", "4")}));
  folder.write("other.safetensors", safetensors({bytes("a", "5")}));
  const auto index = folder.write("model.safetensors.index.json", R"({"metadata": {"total_size": 3},
      "weight_map": {"a": "model-1.safetensors", "b": "model-1.safetensors", "c": "model-2.safetensors"}})");
  for (const fs::path& path : {folder.path(), index}) {
    const Checkpoint checkpoint(path);
    EXPECT_EQ(names_of(checkpoint), (Names{"a", "b", "c", "not in the index"}));
    EXPECT_EQ(text_of(checkpoint, "a"), "1");
    EXPECT_EQ(text_of(checkpoint, "c"), "3");
  }
}

TEST(Checkpoint, FollowsLinksAsTheHubsCacheHasThem) {
  const CatalogFolder folder;
  folder.write("blobs/4f2a", safetensors({bytes("a", "1")}));
  fs::create_directories(folder.path() / "snapshot");
  fs::create_symlink("../blobs/4f2a", folder.path() / "snapshot/model-1.safetensors");
  folder.write("snapshot/model.safetensors.index.json", R"({"weight_map": {"a": "model-1.safetensors"}})");
  EXPECT_EQ(text_of(Checkpoint(folder.path() / "snapshot"), "a"), "1");
}

TEST(Checkpoint, RefusesWhatCannotBeOpened) {
  const CatalogFolder folder;
  const fs::path missing = folder.path() / "missing.safetensors";
  expect_error<InvalidInput>([&] { Checkpoint{missing}; }, {"cannot open", missing.string()});
  expect_error<InvalidInput>([&] { Checkpoint{folder.path()}; }, {folder.path().string(), "no *.safetensors"});
  fs::create_directories(folder.path() / "folder.safetensors");
  expect_error<InvalidInput>([&] { Checkpoint{folder.path()}; }, {"folder.safetensors", "no file"});
  expect_error<InvalidInput>([&] { Checkpoint{"/dev/null"}; }, {"/dev/null", "no file"});
  const auto empty = folder.write("empty.safetensors", "");
  expect_error<InvalidInput>([&] { Checkpoint{empty}; }, {empty.string(), "0 bytes"});
  const auto other = folder.write("model.gguf", "GGUF0000000000000000");
  expect_error<InvalidInput>([&] { Checkpoint{other}; }, {other.string(), "no safetensors file"});
}

TEST(Checkpoint, RefusesATensorInTwoFiles) {
  const CatalogFolder folder;
  folder.write("one.safetensors", safetensors({bytes("a", "1"), bytes("b", "2")}));
  folder.write("two.safetensors", safetensors({bytes("b", "3")}));
  const Names words = {"'b'", "one.safetensors", "two.safetensors"};
  expect_error<InvalidInput>([&] { Checkpoint{folder.path()}; }, words);
  folder.write("model.safetensors.index.json", R"({"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}})");
  expect_error<InvalidInput>([&] { Checkpoint{folder.path()}; }, words);
}

TEST(Checkpoint, RefusesAnIndexThatIsNone) {
  const CatalogFolder folder;
  folder.write("one.safetensors", safetensors({bytes("a", "1")}));
  const auto expect_bad = [&](const std::string& text, Names words) {
    SCOPED_TRACE(text);
    words.push_back(folder.write("model.safetensors.index.json", text).string());
    expect_error<InvalidInput>([&] { Checkpoint{folder.path()}; }, words);
  };
  expect_bad("", {"not JSON"});
  expect_bad("{", {"not JSON"});
  expect_bad("[]", {"not a JSON object"});
  expect_bad("{}", {"'weight_map'", "missing"});
  expect_bad(R"({"weight_map": []})", {"'weight_map'", "object"});
  expect_bad(R"({"weight_map": {"a": 1}})", {"'weight_map'", "'a'"});
}

TEST(Checkpoint, RefusesAnIndexThatLeavesItsFolder) {
  const CatalogFolder folder;
  folder.write("outside.safetensors", safetensors({bytes("a", "1")}));
  const std::string absolute = (folder.path() / "outside.safetensors").string();
  folder.write("in/sub/one.safetensors", safetensors({bytes("a", "1")}));
  for (const std::string& file : {std::string("../outside.safetensors"), absolute, std::string("sub/one.safetensors"),
                                  std::string(".."), std::string("."), std::string(""),
                                  std::string("sub\\u0000.safetensors"), std::string("./../outside.safetensors")}) {
    SCOPED_TRACE(file);
    folder.write("in/model.safetensors.index.json", R"({"weight_map": {"a": ")" + file + "\"}}");
    expect_error<InvalidInput>([&] { Checkpoint{folder.path() / "in"}; }, {"'a'", "same folder"});
  }
}

TEST(Checkpoint, RefusesAnIndexWhoseShardsAreNotAsItSays) {
  const CatalogFolder folder;
  folder.write("one.safetensors", safetensors({bytes("a", "1")}));
  folder.write("model.safetensors.index.json", R"({"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}})");
  expect_error<InvalidInput>([&] { Checkpoint{folder.path()}; }, {"index.json", "'two.safetensors'", "fetch"});
  folder.write("two.safetensors", safetensors({bytes("c", "1")}));
  expect_error<InvalidInput>([&] { Checkpoint{folder.path()}; }, {"two.safetensors", "'b'", "index"});
  // There, but in the other shard.
  folder.write("model.safetensors.index.json", R"({"weight_map": {"a": "two.safetensors", "c": "two.safetensors",
      "x": "one.safetensors"}})");
  expect_error<InvalidInput>([&] { Checkpoint{folder.path()}; }, {"one.safetensors", "'x'"});
  folder.write("model.safetensors.index.json", R"({"weight_map": {"a": "two.safetensors", "c": "one.safetensors"}})");
  expect_error<InvalidInput>([&] { Checkpoint{folder.path()}; }, {"one.safetensors", "'c'"});
}

TEST(Checkpoint, NamesTheShardThatIsCutShort) {
  const CatalogFolder folder;
  const std::string whole = safetensors({bytes("b", "1234")});
  folder.write("one.safetensors", safetensors({bytes("a", "1")}));
  folder.write("two.safetensors", whole.substr(0, whole.size() - 1));
  folder.write("model.safetensors.index.json", R"({"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}})");
  expect_error<InvalidInput>([&] { Checkpoint{folder.path()}; }, {"two.safetensors", "cut short", "'b'"});
}

}  // namespace
}  // namespace qgemm
