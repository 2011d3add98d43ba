#include "weights/safetensors.hpp"
#include "weights_files.hpp"

namespace qgemm {
namespace {

std::vector<SafetensorsEntry> parse(const std::string& file) {
  return parse_safetensors(std::as_bytes(std::span(file)), "w.safetensors");
}

void expect_bad(const std::string& file, std::vector<std::string> words) {
  words.emplace_back("w.safetensors");
  expect_error<InvalidInput>([&] { parse(file); }, words);
}

/// A file with one tensor "t" of these fields and four bytes of data.
void expect_bad_fields(const std::string& fields, std::vector<std::string> words) {
  words.emplace_back("'t'");
  SCOPED_TRACE(fields);
  expect_bad(with_header(R"({"t": {)" + fields + "}}", "abcd"), words);
}

std::string text_of(std::span<const std::byte> data) {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

TEST(ParseSafetensors, ReadsTensorsWithTheirData) {
  const std::string file = with_header(R"({"__metadata__": {"format": "pt", "note": "{\"a\": 1}"},
      "second": {"dtype": "I8", "shape": [3], "data_offsets": [4, 7]},
      "first": {"data_offsets": [0, 4], "shape": [1, 2], "dtype": "BF16"}}  )",
                                       "abcdXYZ");
  const auto entries = parse(file);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].name, "second");
  EXPECT_EQ(entries[0].dtype, "I8");
  EXPECT_EQ(entries[0].shape, (std::vector<std::int64_t>{3}));
  EXPECT_EQ(text_of(entries[0].data), "XYZ");
  EXPECT_EQ(entries[1].name, "first");
  EXPECT_EQ(entries[1].shape, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(text_of(entries[1].data), "abcd");
}

TEST(ParseSafetensors, ReadsAFileWithoutTensors) {
  EXPECT_TRUE(parse(with_header("{}")).empty());
  EXPECT_TRUE(parse(with_header(R"({"__metadata__": {}})")).empty());
}

TEST(ParseSafetensors, ReadsScalarsAndEmptyTensors) {
  const std::string file = with_header(R"({"scalar": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]},
      "none": {"dtype": "F32", "shape": [0, 7], "data_offsets": [4, 4]},
      "also": {"dtype": "F32", "shape": [5, 0], "data_offsets": [0, 0]}})",
                                       "abcd");
  const auto entries = parse(file);
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_TRUE(entries[0].shape.empty());
  EXPECT_EQ(text_of(entries[0].data), "abcd");
  EXPECT_TRUE(entries[1].data.empty());
  EXPECT_EQ(entries[1].shape, (std::vector<std::int64_t>{0, 7}));
  EXPECT_TRUE(entries[2].data.empty());
}

TEST(ParseSafetensors, CountsTypesThatFillNoWholeByte) {
  const auto entries = parse(with_header(R"({"t": {"dtype": "F4", "shape": [8], "data_offsets": [0, 4]}})", "abcd"));
  EXPECT_EQ(entries.at(0).data.size(), 4U);
  expect_bad_fields(R"("dtype": "F4", "shape": [7], "data_offsets": [0, 4])", {"whole bytes"});
}

TEST(ParseSafetensors, RefusesALengthThatIsNotThere) {
  expect_bad("", {"0 bytes"});
  expect_bad("1234567", {"7 bytes"});
  const std::string whole = with_header(R"({"t": {"dtype": "I8", "shape": [2], "data_offsets": [0, 2]}})", "ab");
  const std::size_t header_end = whole.size() - 2;
  for (std::size_t size = 8; size < whole.size(); ++size) {
    SCOPED_TRACE(size);
    expect_bad(whole.substr(0, size), {"cut short", size < header_end ? "header" : "'t'", "fetch the file again"});
  }
  EXPECT_EQ(parse(whole).size(), 1U);
}

TEST(ParseSafetensors, RefusesAHeaderPastTheFormatsLimit) {
  for (const std::uint64_t length : {std::uint64_t{100'000'001}, ~std::uint64_t{0}, std::uint64_t{1} << 63U}) {
    std::string file = with_header("{}");
    std::memcpy(file.data(), &length, sizeof length);
    expect_bad(file, {std::to_string(length), "100000000"});
  }
}

TEST(ParseSafetensors, RefusesWhatIsNoJsonObject) {
  expect_bad(with_header(""), {"does not begin with '{'"});
  expect_bad(with_header(" {}"), {"does not begin with '{'"});
  expect_bad(with_header("[]"), {"does not begin with '{'"});
  expect_bad(with_header("{"), {"not JSON"});
  expect_bad(with_header("{} {}"), {"not JSON"});
  expect_bad(with_header("{\"t\": }"), {"not JSON", "byte 7"});
  expect_bad(with_header(std::string("{}\0 junk", 8)), {"zero byte"});
  expect_bad(with_header("{\"\xff\": 1}"), {"not JSON"});
}

TEST(ParseSafetensors, RefusesValuesThatAreNoTensors) {
  for (const char* value : {"1", "-1", "1.5", "null", "true", "\"text\"", "[]"}) {
    SCOPED_TRACE(value);
    expect_bad(with_header(std::string(R"({"t": )") + value + "}"), {"where a tensor should be"});
  }
  expect_bad(with_header(R"({"t": {}})"), {"'t'", "'dtype'"});
  // As deep as the header is long: nothing of it may be kept.
  expect_bad(with_header(R"({"t": {"dtype": )" + std::string(100'000, '[')), {"a list", "'t'"});
  expect_bad(with_header(R"({"t": {"shape": [)" + std::string(100'000, '[')), {"a list", "'t'"});
}

TEST(ParseSafetensors, RefusesMetadataThatAreNoText) {
  for (const char* value : {"1", "null", "{}", "[]"}) {
    SCOPED_TRACE(value);
    expect_bad(with_header(std::string(R"({"__metadata__": {"a": )") + value + "}}"), {"'__metadata__'", "text only"});
  }
  expect_bad(with_header(R"({"__metadata__": "text"})"), {"where a tensor should be"});
}

TEST(ParseSafetensors, RefusesFieldsThatAreMissingWrongOrUnknown) {
  expect_bad_fields(R"("shape": [4], "data_offsets": [0, 4])", {"no field 'dtype'"});
  expect_bad_fields(R"("dtype": "I8", "data_offsets": [0, 4])", {"no field 'shape'"});
  expect_bad_fields(R"("dtype": "I8", "shape": [4])", {"no field 'data_offsets'"});
  expect_bad_fields(R"("dtype": 8, "shape": [4], "data_offsets": [0, 4])", {"'dtype'", "a number"});
  expect_bad_fields(R"("dtype": "I8", "shape": 4, "data_offsets": [0, 4])", {"'shape'", "a number"});
  expect_bad_fields(R"("dtype": "I8", "shape": "4", "data_offsets": [0, 4])", {"'shape'", "text"});
  expect_bad_fields(R"("dtype": "I8", "shape": ["4"], "data_offsets": [0, 4])", {"'shape'", "text"});
  expect_bad_fields(R"("dtype": "I8", "shape": [4], "data_offsets": [0])", {"'data_offsets'", "1 numbers"});
  expect_bad_fields(R"("dtype": "I8", "shape": [4], "data_offsets": [0, 2, 4])", {"'data_offsets'", "3 numbers"});
  expect_bad_fields(R"("dtype": "I8", "shape": [4], "data_offsets": [0, 4], "x": 1)", {"'x'", "does not know"});
  expect_bad_fields(R"("dtype": "I8", "shape": [4], "shape": [4], "data_offsets": [0, 4])", {"'shape'", "second"});
  expect_bad_fields(R"("dtype": "Q9", "shape": [4], "data_offsets": [0, 4])", {"'Q9'", "BF16"});
}

TEST(ParseSafetensors, RefusesSizesThatAreNone) {
  const auto shape = [](const std::string& sizes) {
    return R"("dtype": "I8", "data_offsets": [0, 4], "shape": [)" + sizes + "]";
  };
  expect_bad_fields(shape("-4"), {"'shape'", "negative number -4"});
  expect_bad_fields(shape("4.0"), {"'shape'", "4.0", "whole"});
  expect_bad_fields(shape("4e0"), {"'shape'", "whole"});
  expect_bad_fields(shape("null"), {"'shape'", "null"});
  expect_bad_fields(shape("18446744073709551615"), {"2^56"});
  expect_bad_fields(shape("18446744073709551616"), {"'shape'", "64 bits"});
  expect_bad_fields(shape("4294967296, 4294967296"), {"2^56"});
  // 2^64 + 4 elements would be 4 if the product were taken without care.
  expect_bad_fields(shape("2305843009213693952, 8, 4"), {"2^56"});
  expect_bad_fields(shape("0, 18446744073709551615"), {"2^56"});
  std::string ones = "4";
  for (int i = 0; i < 64; ++i) ones += ", 1";
  expect_bad_fields(shape(ones), {"'shape'", "more than 64"});
}

TEST(ParseSafetensors, RefusesOffsetsThatDoNotFit) {
  const auto at = [](const std::string& offsets, const std::string& type = "I8") {
    return R"("shape": [4], "dtype": ")" + type + R"(", "data_offsets": [)" + offsets + "]";
  };
  expect_bad_fields(at("4, 0"), {"before it begins at 4"});
  expect_bad_fields(at("0, 5"), {"cut short", "byte 5", "4"});
  expect_bad_fields(at("0, 18446744073709551615"), {"cut short"});
  expect_bad_fields(at("-4, 0"), {"negative"});
  expect_bad_fields(at("0, 3"), {"3 bytes", "make 4"});
  expect_bad_fields(at("0, 4", "BF16"), {"4 bytes", "make 8"});
}

TEST(ParseSafetensors, RefusesHolesAndOverlaps) {
  const auto two = [](const std::string& first, const std::string& second) {
    return with_header(R"({"a": {"dtype": "I8", "shape": [2], "data_offsets": [)" + first +
                           R"(]}, "b": {"dtype": "I8", "shape": [2], "data_offsets": [)" + second + "]}}",
                       "abcde");
  };
  expect_bad(two("0, 2", "1, 3"), {"'b'", "overlaps"});
  expect_bad(two("0, 2", "0, 2"), {"overlaps"});
  expect_bad(two("0, 2", "3, 5"), {"'b'", "1 bytes before it"});
  expect_bad(two("3, 5", "1, 3"), {"'b'", "1 bytes before it"});
  expect_bad(two("0, 2", "2, 4"), {"last 1 bytes"});
  expect_bad(with_header("{}", "a"), {"last 1 bytes"});
}

TEST(ParseSafetensors, RefusesANameTwice) {
  const std::string one = R"("t": {"dtype": "I8", "shape": [0], "data_offsets": [0, 0]})";
  expect_bad(with_header("{" + one + ", " + one + "}"), {"'t'", "twice"});
  expect_bad(with_header(R"({"__metadata__": {}, "__metadata__": {}})"), {"'__metadata__'", "twice"});
}

TEST(ParseSafetensors, ShortensNamesInMessages) {
  const std::string name(10'000, 'n');
  try {
    parse(with_header("{\"" + name + "\": {}}"));
    FAIL() << "nothing was thrown";
  } catch (const InvalidInput& error) {
    EXPECT_LT(std::string(error.what()).size(), 400U);
  }
  // 199 letters and a character of two bytes, which is left out whole.
  const std::string umlaut = std::string(199, 'n') + "\xc3\xa4" + "n";
  EXPECT_EQ(in_quotes(umlaut), "'" + std::string(199, 'n') + "…'");
  EXPECT_EQ(in_quotes("short"), "'short'");
  EXPECT_EQ(in_quotes(std::string("a\0b\x1b[2J\n", 8)), "'a?b?[2J?'");
  expect_bad(with_header(R"({"a\u0000b": {}})"), {"'a?b'", "'dtype'"});
}

}  // namespace
}  // namespace qgemm
