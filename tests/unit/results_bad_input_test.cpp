// Files from anywhere: each is read or rejected with one sentence that says what is wrong and where.
#include <gtest/gtest.h>

#include "qgemm/error.hpp"
#include "qgemm/results.hpp"
#include "results_sample.hpp"
#include "results_scratch.hpp"

namespace qgemm {
namespace {

using testing::Test;

std::string rejection(const std::string& text) {
  const std::string message = message_of<InvalidInput>([&] { parse_results(text, "some.json"); });
  EXPECT_NE(message.find("some.json"), std::string::npos) << message;
  EXPECT_LT(message.size(), 300U) << message;
  EXPECT_EQ(message.find("json.exception"), std::string::npos) << message;
  return message;
}

/// A small valid file in which `from` is replaced by `to`.
std::string changed(const std::string& from, const std::string& to) {
  std::string text = to_json({.context = {}, .rows = {full_row(), full_row()}});
  const auto at = text.rfind(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

void expect_mentions(const std::string& message, std::initializer_list<const char*> parts) {
  for (const char* part : parts) EXPECT_NE(message.find(part), std::string::npos) << part << " in: " << message;
}

TEST(ResultsBadInput, EveryPrefixIsRejected) {
  const std::string text = to_json(sample_run(1, 1));
  const auto last = text.find_last_of('}');
  for (std::size_t length = 0; length <= last; ++length) {
    EXPECT_THROW(parse_results(text.substr(0, length), "some.json"), InvalidInput) << length;
  }
}

TEST(ResultsBadInput, CutOffSaysSo) {
  const std::string text = to_json(sample_run(1, 1));
  expect_mentions(rejection(text.substr(0, text.size() / 2)), {"cut off", "line ", "journal.jsonl"});
}

TEST(ResultsBadInput, ForeignFiles) {
  expect_mentions(rejection(""), {"empty"});
  expect_mentions(rejection(" \n"), {"empty"});
  expect_mentions(rejection("[1, 2]"), {"a list", "results.json"});
  expect_mentions(rejection("{\"benchmarks\": []}"), {"no 'schema'"});
  expect_mentions(rejection("M,bf16\n1,2\n"), {"no JSON at line 1"});
  expect_mentions(rejection(std::string("\x89PNG\r\n\x1a\n\0\0", 10)), {"no JSON"});
  expect_mentions(rejection(changed("\"rows\"", "\"lines\"")), {"no 'rows'"});
  expect_mentions(rejection(changed("\"context\"", "\"setting\"")), {"no 'context'"});
}

TEST(ResultsBadInput, Schema) {
  expect_mentions(rejection(changed("\"schema\": 1", "\"schema\": 2")), {"schema 2", "later qgemm"});
  for (const char* bad : {"0", "-1", "\"1\"", "null", "1.5", "[]", "1e300"}) {
    expect_mentions(rejection(changed("\"schema\": 1", std::string("\"schema\": ") + bad)), {"'schema'"});
  }
}

TEST(ResultsBadInput, WrongTypesNameRowAndField) {
  expect_mentions(rejection(changed("\"m\":16", "\"m\":\"16\"")), {"rows[1]", "'m'", "whole number", "a text"});
  expect_mentions(rejection(changed("\"m\":16", "\"m\":0")), {"rows[1]", "'m'"});
  expect_mentions(rejection(changed("\"m\":16", "\"m\":99999999999999999999")), {"rows[1]", "'m'"});
  expect_mentions(rejection(changed("\"m\":16", "\"m\":16.5")), {"rows[1]", "'m'", "16.5"});
  expect_mentions(rejection(changed("\"samples\":40", "\"samples\":-1")), {"'samples'"});
  expect_mentions(rejection(changed("\"limit_us\":12.5", "\"limit_us\":true")), {"'limit_us'", "number or null"});
  expect_mentions(rejection(changed("\"limit_us\":12.5", "\"limit_us\":\"infinite\"")), {"'limit_us'"});
  expect_mentions(rejection(changed("\"exact\":true", "\"exact\":1")), {"'exact'", "true, false or null"});
  expect_mentions(rejection(changed("\"cache\":\"hot\"", "\"cache\":\"warm\"")), {"'cache'", "warm", "hot or cold"});
  expect_mentions(rejection(changed("\"outcome\":\"noisy\"", "\"outcome\":null")), {"'outcome'", "a text"});
  expect_mentions(rejection(changed("\"samples_us\":[", "\"samples_us\":[\"x\",")), {"'samples_us'"});
  expect_mentions(rejection(changed("\"samples_us\":[", "\"samples_us\":7,\"x\":[")), {"'samples_us'", "list"});
  expect_mentions(rejection(changed("\"message\":", "\"message\":{},\"x\":")), {"'message'"});
}

TEST(ResultsBadInput, WrongTypesInTheContext) {
  expect_mentions(rejection(changed("\"kind\": \"cpu\"", "\"kind\": \"tpu\"")), {"context", "device.kind", "tpu"});
  expect_mentions(rejection(changed("\"kind\": \"cpu\"", "\"kind\": 3")), {"device.kind"});
  expect_mentions(rejection(changed("\"kind\": \"cpu\"", "\"kind\": \"cpu\", \"x\": {\"y\": 1}")), {"device.x"});
  expect_mentions(rejection(changed("\"kind\": \"cpu\"", "\"kind\": \"cpu\", \"x\": [1, \"a\"]")), {"device.x"});
  expect_mentions(rejection(changed("\"seed\": 0", "\"seed\": -4")), {"seed"});
  expect_mentions(rejection(changed("\"limits\": {}", "\"limits\": {\"int8\": 4}")), {"limits.int8"});
  expect_mentions(rejection(changed("\"limits\": {}", "\"limits\": []")), {"limits"});
  expect_mentions(rejection(changed("\"options\": {}", "\"options\": 1")), {"options"});
  expect_mentions(rejection(changed("\"options\": {}", "\"operands\": {}")), {"operands", "list"});
  expect_mentions(rejection(changed("\"options\": {}", "\"operands\": [3]")), {"operands[0]"});
  expect_mentions(rejection(changed("\"options\": {}", "\"operands\": [{}, {\"zeros_pct\": []}]")),
                  {"operands[1].zeros_pct"});
  expect_mentions(rejection(changed("\"device\": {", "\"x\": {")), {"device"});
}

TEST(ResultsBadInput, MissingKeyFields) {
  for (const char* name : {"model", "layer", "tp", "m", "n", "k", "provider", "engine", "cache", "outcome"}) {
    const std::string key = "\"" + std::string(name) + "\":";
    expect_mentions(rejection(changed(key, "\"x\":")), {"rows[1]", name});
  }
  expect_mentions(rejection(R"({"schema":1,"context":{"device":{}},"rows":[3]})"), {"rows[0]", "object"});
  expect_mentions(rejection(R"({"schema":1,"context":{"device":{}},"rows":{}})"), {"'rows'", "list"});
  expect_mentions(rejection(R"({"schema":1,"context":[],"rows":[]})"), {"context"});
}

TEST(ResultsBadInput, DeepNestingUsesNoStack) {
  for (const char* open : {"[", "{\"a\":"}) {
    std::string text;
    for (int i = 0; i < 1'000'000; ++i) text += open;
    expect_mentions(rejection(text), {"nested"});
    expect_mentions(rejection(R"({"schema":1,"context":{"device":{}},"rows":)" + text), {"nested"});
  }
}

TEST(ResultsBadInput, NumbersThatAreNone) {
  rejection(changed("\"limit_us\":12.5", "\"limit_us\":NaN"));
  rejection(changed("\"limit_us\":12.5", "\"limit_us\":Infinity"));
  expect_mentions(rejection(changed("\"limit_us\":12.5", "\"limit_us\":1e999")), {"too large"});
}

TEST(ResultsBadInput, AnyByteChangedNeverCrashes) {
  const std::string text = to_json({.context = sample_run(1, 1).context, .rows = {full_row()}});
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char c : {'\0', '"', '[', '}', '9', '-', '\xff'}) {
      std::string damaged = text;
      damaged[i] = c;
      try {
        parse_results(damaged, "some.json");
      } catch (const InvalidInput&) {  // anything else fails the test
      }
    }
  }
}

TEST(ResultsBadInput, Paths) {
  const Scratch scratch;
  expect_mentions(message_of<InvalidInput>([&] { load_results(scratch / "absent.json"); }),
                  {"absent.json", "no such file"});
  expect_mentions(message_of<InvalidInput>([&] { load_results(scratch.path()); }), {"neither results.json nor"});
  std::filesystem::create_directory(scratch / "results.json");
  EXPECT_THROW(load_results(scratch.path()), InvalidInput);
  EXPECT_THROW(load_results("/dev/null"), InvalidInput);
  EXPECT_THROW(load_results(std::string(5000, 'x')), InvalidInput);
}

}  // namespace
}  // namespace qgemm
