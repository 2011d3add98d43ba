// Tables as files: what is saved is read again, and what cannot be read is told in one sentence.
#include "qgemm/error.hpp"
#include "qgemm/version.hpp"
#include "results_scratch.hpp"
#include "tuning/tuning_table.hpp"

namespace qgemm {
namespace {

const std::string gpu = "NVIDIA H100 80GB HBM3";
constexpr CacheState hot = CacheState::hot, cold = CacheState::cold;

TuningTable sample() {
  TuningTable table(gpu);
  table.add(DType::e4m3, {16, 6144, 4096}, hot, {"sm90_e4m3_64x128x128", 0, 1, 8.1254, "not saved"});
  table.add(DType::s8, {64, 6144, 4096}, cold, {"sm90_s8_\"odd\"", 2, 8, 12, {}});
  table.add(DType::s8, {16, 6144, 4096}, cold, {"sm90_s8_64x64x128", 0, 1, 9, {}});
  table.add(DType::s8, {16, 6144, 4096}, hot, {"sm90_s8_64x128x128", 0, 1, 0.0001, {}});
  return table;
}

const std::string head = "{\n\"schema\": 2,\n\"gpu\": \"NVIDIA H100 80GB HBM3\",\n\"qgemm_version\": \"" +
                         std::string(version()) + "\",\n\"entries\": [";
const std::string entry =
    R"({"input":"s8","m":16,"n":6144,"k":4096,"cache":"hot","kernel":"sm90_s8_64x128x128","raster":0,"swizzle":1,"us":0.001})";

TEST(TuningFile, IsSortedWithAnEntryALine) {
  const Scratch scratch;
  sample().save(scratch / "table.json");
  EXPECT_EQ(
      text_of(scratch / "table.json"),
      head + "\n" + entry + ",\n" +
          R"({"input":"s8","m":16,"n":6144,"k":4096,"cache":"cold","kernel":"sm90_s8_64x64x128","raster":0,"swizzle":1,"us":9.0},)" +
          "\n" +
          R"({"input":"s8","m":64,"n":6144,"k":4096,"cache":"cold","kernel":"sm90_s8_\"odd\"","raster":2,"swizzle":8,"us":12.0},)" +
          "\n" +
          R"({"input":"e4m3","m":16,"n":6144,"k":4096,"cache":"hot","kernel":"sm90_e4m3_64x128x128","raster":0,"swizzle":1,"us":8.125})" +
          "\n]\n}\n");
}

TEST(TuningFile, RoundTrip) {
  const Scratch scratch;
  sample().save(scratch / "table.json");
  const TuningTable read = TuningTable::load(scratch / "table.json", gpu, "from a test");
  EXPECT_EQ(read.size(), 4U);
  EXPECT_FALSE(read.find(DType::s8, {64, 6144, 4096}, hot));
  const auto found = read.find(DType::s8, {64, 6144, 4096}, cold);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->text(), "sm90_s8_\"odd\" along n swizzle 8");
  EXPECT_EQ(found->us, 12);
  EXPECT_EQ(found->origin, "from a test");
  read.save(scratch / "again.json");
  EXPECT_EQ(text_of(scratch / "again.json"), text_of(scratch / "table.json"));
}

/// `text`, of the written schema, as schema 1 had it: without a cache state.
std::string schema_1(std::string text) {
  for (const auto& [from, to] : {std::pair{"\"schema\": 2", "\"schema\": 1"}, {"\"cache\":\"hot\",", ""}}) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from)) {
      text.replace(at, std::string(from).size(), to);
    }
  }
  return text;
}

TEST(TuningFile, WhatSchema1NamesCountsHotAndCold) {
  const Scratch scratch;
  put_text(scratch / "table.json", schema_1(head + "\n" + entry + "\n]\n}\n"));
  const TuningTable read = TuningTable::load(scratch / "table.json", gpu, "from a test");
  EXPECT_EQ(read.size(), 2U);
  for (const CacheState cache : {hot, cold}) {
    const auto found = read.find(DType::s8, {16, 6144, 4096}, cache);
    ASSERT_TRUE(found) << name(cache);
    EXPECT_EQ(found->kernel, "sm90_s8_64x128x128");
    EXPECT_EQ(found->origin, "from a test");
  }
  read.save(scratch / "table.json");
  std::string as_cold = entry;
  as_cold.replace(as_cold.find("hot"), 3, "cold");
  EXPECT_EQ(text_of(scratch / "table.json"), head + "\n" + entry + ",\n" + as_cold + "\n]\n}\n");
}

TEST(TuningFile, AnEmptyTableIsOne) {
  const Scratch scratch;
  TuningTable(gpu).save(scratch / "table.json");
  EXPECT_EQ(TuningTable::load(scratch / "table.json", gpu, {}).size(), 0U);
}

TEST(TuningFile, IsWrittenWholeOrNotAtAll) {
  const Scratch scratch;
  sample().save(scratch / "table.json");
  TuningTable(gpu).save(scratch / "table.json");
  EXPECT_EQ(text_of(scratch / "table.json"), head + "\n]\n}\n");
  std::size_t entries = 0;
  for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator(scratch.path())) ++entries;
  EXPECT_EQ(entries, 1U) << "a temporary file is left";
  const std::string why = message_of<Unavailable>([&] { sample().save(scratch / "absent/table.json"); });
  EXPECT_NE(why.find("absent/table.json: No such file or directory"), std::string::npos) << why;
}

/// The message about a file with this text, which names the file and the remedy.
std::string rejection(const std::string& text) {
  const Scratch scratch;
  put_text(scratch / "table.json", text);
  const std::string message =
      message_of<InvalidInput>([&] { TuningTable::load(scratch / "table.json", gpu, "from a test"); });
  EXPECT_NE(message.find("table.json"), std::string::npos) << message;
  EXPECT_NE(message.find("; move the file away, `qgemm tune` measures a new one"), std::string::npos) << message;
  EXPECT_EQ(message.find("json.exception"), std::string::npos) << message;
  EXPECT_LT(message.size(), 400U) << message;
  return message;
}

/// A valid file in which `from` is replaced by `to`.
std::string changed(const std::string& from, const std::string& to) {
  std::string text = head + "\n" + entry + "\n]\n}\n";
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

void expect_mentions(const std::string& message, std::initializer_list<const char*> parts) {
  for (const char* part : parts) EXPECT_NE(message.find(part), std::string::npos) << part << " in: " << message;
}

TEST(TuningFile, ForeignFilesAreRejected) {
  expect_mentions(rejection(""), {"is not JSON"});
  expect_mentions(rejection("M,bf16\n1,2\n"), {"is not JSON"});
  expect_mentions(rejection("[1, 2]"), {"is not a JSON object"});
  expect_mentions(rejection("{\"schema\": 1, \"context\": {}, \"rows\": []}"), {"is no tuning table"});
  expect_mentions(rejection(changed("H100", "L4")), {"was measured on NVIDIA L4", "not on NVIDIA H100"});
  expect_mentions(rejection(changed("\"schema\": 2", "\"schema\": 3")), {"schema 3", "up to 2", "later qgemm"});
  expect_mentions(rejection(changed("\"schema\": 2", "\"schema\": 0")), {"'schema'", "at least 1"});
  expect_mentions(rejection(changed("\"schema\": 2", "\"schema\": \"2\"")), {"'schema'", "whole number"});
  expect_mentions(rejection(changed("\"entries\"", "\"lines\"")), {"'entries'", "must be a list"});
  expect_mentions(message_of<InvalidInput>([] { TuningTable::load("absent.json", gpu, {}); }), {"absent.json"});
}

TEST(TuningFile, EveryPrefixIsRejected) {
  const std::string text = changed("\n]\n}\n", "\n]\n}");
  for (std::size_t length = 0; length < text.size(); length += 7) rejection(text.substr(0, length));
}

TEST(TuningFile, BadEntriesAreRejected) {
  expect_mentions(rejection(changed("\"s8\"", "\"int4\"")), {"entries[0]", "'input'", "'int4'", "s8 or e4m3"});
  expect_mentions(rejection(changed("\"s8\"", "\"bf16\"")), {"'input'", "s8 or e4m3"});
  for (const char* bad : {"0", "-16", "1.5", "\"16\"", "null", "99999999999"}) {
    expect_mentions(rejection(changed("\"m\":16", "\"m\":" + std::string(bad))), {"entries[0]", "'m'"});
  }
  expect_mentions(rejection(changed("\"hot\"", "\"warm\"")), {"entries[0]", "'cache'", "'warm'", "hot or cold"});
  for (const char* bad : {"", "\"cache\":null,", "\"cache\":1,", "\"cache\":\"\","}) {
    expect_mentions(rejection(changed("\"cache\":\"hot\",", bad)), {"entries[0]", "'cache'"});
  }
  expect_mentions(rejection(changed("\"sm90_s8_64x128x128\"", "\"\"")), {"'kernel'", "empty"});
  expect_mentions(rejection(changed("\"raster\":0", "\"raster\":3")), {"'raster'", "between 0 and 2"});
  expect_mentions(rejection(changed("\"swizzle\":1", "\"swizzle\":0")), {"'swizzle'", "between 1 and"});
  for (const char* bad : {"0", "-1", "\"1\"", "null"}) {
    expect_mentions(rejection(changed("\"us\":0.001", "\"us\":" + std::string(bad))), {"'us'", "microseconds"});
  }
  expect_mentions(rejection(changed("\"us\":0.001", "\"us\":1e999")), {"table.json"});
  const std::string twice = changed(entry, entry + ",\n" + entry);
  expect_mentions(rejection(twice), {"entries[1]", "a second one for s8 16x6144x4096 hot"});
  expect_mentions(rejection(schema_1(twice)), {"entries[1]", "a second one for s8 16x6144x4096"});
  expect_mentions(rejection(changed(entry, "7")), {"entries[0]", "not a JSON object"});
}

}  // namespace
}  // namespace qgemm
