// What `compare` refuses, and the words that make it go on.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "compare_runs.hpp"
#include "qgemm/compare.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

using testing::row_with_samples;
using testing::run_of;

ResultSet run() { return run_of({row_with_samples("bf16", 16, {10, 10.1, 9.9, 10, 10.2, 9.8})}); }

Value& property(ResultSet& set, const std::string& name) {
  auto& properties = set.context.device.properties;
  return std::find_if(properties.begin(), properties.end(), [&](const auto& p) { return p.first == name; })->second;
}

Value& option(ResultSet& set, const std::string& name) {
  auto& options = set.context.options;
  return std::find_if(options.begin(), options.end(), [&](const auto& p) { return p.first == name; })->second;
}

struct Other {
  const char* kind;
  std::function<void(ResultSet&)> change;
  const char* told;
};

const std::vector<Other>& others() {
  static const std::vector<Other> list{
      {"device", [](ResultSet& r) { r.context.device.name = "Other GPU"; },
       "the device is 'Example GPU' (cuda), then 'Other GPU' (cuda)"},
      {"device", [](ResultSet& r) { r.context.device.kind = DeviceKind::cpu; }, "(cuda), then 'Example GPU' (cpu)"},
      {"device", [](ResultSet& r) { property(r, "power_limit_w") = 350.0; }, "power_limit_w is 700.0, then 350.0"},
      {"driver", [](ResultSet& r) { property(r, "driver") = std::string("590.2"); }, "driver is '580.1', then '590.2'"},
      {"engines", [](ResultSet& r) { property(r, "engine_onednn") = std::string("oneDNN 3.4.1"); },
       "the engine onednn is 'oneDNN 2.6.3 on 2 threads', then 'oneDNN 3.4.1'"},
      {"options", [](ResultSet& r) { option(r, "timer") = std::string("reference"); },
       "timer is 'interleaved', then 'reference'"},
      {"options", [](ResultSet& r) { option(r, "bias") = true; }, "bias is false, then true"},
      {"operands", [](ResultSet& r) { option(r, "data") = std::string("zeros"); }, "data is 'normal', then 'zeros'"},
      {"operands", [](ResultSet& r) { r.context.options.emplace_back("weights", std::string("llama")); },
       "weights is '', then 'llama'"},
  };
  return list;
}

TEST(CompareDifferences, AreRefusedWithTheRemedy) {
  for (const auto& other : others()) {
    ResultSet after = run();
    other.change(after);
    try {
      compare_results(run(), after, {}, "old.json", "new.json");
      ADD_FAILURE() << other.told;
    } catch (const InvalidInput& error) {
      const std::string text = error.what();
      EXPECT_NE(text.find(other.told), std::string::npos) << text;
      EXPECT_NE(text.find("old.json and new.json are not comparable"), std::string::npos) << text;
      EXPECT_NE(text.find(std::string("--allow ") + other.kind), std::string::npos) << text;
    }
  }
}

TEST(CompareDifferences, AreSaidWhereTheyAreAllowed) {
  for (const auto& other : others()) {
    ResultSet after = run();
    other.change(after);
    for (const char* word : {other.kind, "all"}) {
      const Comparison comparison = compare_results(run(), after, {.threshold_pct = 3, .allow = {word}, .control = {}});
      ASSERT_EQ(comparison.allowed.size(), 1U);
      EXPECT_EQ(comparison.allowed[0].kind, other.kind);
      EXPECT_NE(render_comparison(comparison).find("in spite of it"), std::string::npos);
    }
  }
}

TEST(CompareDifferences, OneAllowedDoesNotAllowAnother) {
  ResultSet after = run();
  property(after, "driver") = std::string("590.2");
  option(after, "data") = std::string("zeros");
  EXPECT_THROW(compare_results(run(), after, {.threshold_pct = 3, .allow = {"driver"}, .control = {}}), InvalidInput);
  EXPECT_NO_THROW(compare_results(run(), after, {.threshold_pct = 3, .allow = {"driver", "operands"}, .control = {}}));
}

TEST(CompareDifferences, ThatDoNotMatterAreNone) {
  ResultSet after = run();
  after.context.date = "2030-01-01T00:00:00+0000";
  after.context.qgemm_version = "9.9.9";
  after.context.git_revision = "abc";
  property(after, "engine_onednn") = std::string("oneDNN 2.6.3, now on two threads");
  property(after, "engine_avx512") = std::string("the same kernels in other words");
  property(after, "power_limit_w") = std::int64_t{700};
  after.context.device.properties.emplace_back("new_in_a_later_release", true);
  after.context.options.emplace_back("max-noise", 0.5);
  EXPECT_TRUE(compare_results(run(), after).allowed.empty());
  after.context.options.clear();  // an older file that does not say
  after.context.device.properties.clear();
  EXPECT_TRUE(compare_results(run(), after).allowed.empty());
}

TEST(CompareDifferences, OfAnEngineThatNeitherRunUsedAreNone) {
  ResultSet after = run();
  after.context.device.properties.emplace_back("engine_other", std::string("Other 2.0"));
  ResultSet before = run();
  before.context.device.properties.emplace_back("engine_other", std::string("Other 1.0"));
  EXPECT_TRUE(compare_results(before, after).allowed.empty());
}

TEST(CompareDifferences, SeedAndHostAreNotes) {
  ResultSet after = run();
  after.context.seed = 7;
  after.context.host = "bench-2";
  EXPECT_EQ(compare_results(run(), after).notes.size(), 2U);
}

TEST(CompareDifferences, NothingInCommonIsRefused) {
  ResultSet after = run();
  after.rows[0].shape.m = 17;
  try {
    compare_results(run(), after, {}, "old.json", "new.json");
    ADD_FAILURE();
  } catch (const InvalidInput& error) {
    EXPECT_NE(std::string(error.what()).find("no case in common"), std::string::npos);
  }
  EXPECT_THROW(compare_results(run_of({}), run_of({})), InvalidInput);
}

TEST(CompareOptions, AreChecked) {
  for (const double threshold : {-1.0, 1e9, std::stod("nan")}) {
    EXPECT_THROW(compare_results(run(), run(), {.threshold_pct = threshold, .allow = {}, .control = {}}), InvalidInput)
        << threshold;
  }
  EXPECT_THROW(compare_results(run(), run(), {.threshold_pct = 3, .allow = {"everything"}, .control = {}}),
               InvalidInput);
}

}  // namespace
}  // namespace qgemm
