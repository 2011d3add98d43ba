// Limits kept between runs: used where they still hold good, and only there.
#include <gtest/gtest.h>

#include <ctime>
#include <fstream>

#include "qgemm/error.hpp"
#include "results/limits_store.hpp"
#include "results_scratch.hpp"

namespace qgemm {
namespace {

Context run_on_a_gpu() {
  Context context;
  context.qgemm_version = "0.1.0";
  context.git_revision = "abc";
  context.device = {DeviceKind::cuda,
                    "Example GPU",
                    {{"ordinal", std::int64_t{0}},
                     {"uuid", std::string("GPU-1")},
                     {"max_sm_mhz", 1980.0},
                     {"power_limit_w", 700.0},
                     {"driver", std::string("580.1")},
                     {"nothing", std::monostate()},
                     {"engine_cutlass", std::string("kernels")}}};
  context.limits = {{"int8", 1940.5, "TFLOP/s", "wgmma"}, {"memory_read", 3090, "GB/s", "a sum"}};
  context.limits_date = "2026-01-31T12:00:00+0000";
  return context;
}

template <class T>
void set(Context& context, const std::string& name, const T& value) {
  for (auto& property : context.device.properties) {
    if (property.first == name) property.second = value;
  }
}

void replace_in(const std::filesystem::path& file, const std::string& from, const std::string& to) {
  std::string text = text_of(file);
  const auto at = text.find(from);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, from.size(), to);
  std::ofstream(file, std::ios::binary) << text;
}

TEST(LimitsStore, WhatWasKeptComesBack) {
  const Scratch scratch;
  const Context context = run_on_a_gpu();
  EXPECT_FALSE(load_limits(scratch / "limits", context));
  save_limits(scratch / "limits", context);
  const auto kept = load_limits(scratch / "limits", context);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->date, context.limits_date);
  ASSERT_EQ(kept->limits.size(), 2U);
  EXPECT_EQ(kept->limits[0].name, "int8");
  EXPECT_EQ(kept->limits[0].value, 1940.5);
  EXPECT_EQ(kept->limits[1].unit, "GB/s");
  EXPECT_EQ(kept->limits[1].method, "a sum");
}

TEST(LimitsStore, WhatDoesNotChangeLimitsDoesNotMatter) {
  const Scratch scratch;
  Context context = run_on_a_gpu();
  save_limits(scratch.path(), context);
  set(context, "ordinal", std::int64_t{3});
  set(context, "max_sm_mhz", 1985.0);
  set(context, "engine_cutlass", std::string("other kernels"));
  EXPECT_TRUE(load_limits(scratch.path(), context));
}

TEST(LimitsStore, AnotherDeviceDriverOrProgramMeasuresAnew) {
  const Scratch scratch;
  save_limits(scratch.path(), run_on_a_gpu());
  const auto refused = [&](auto change) {
    Context context = run_on_a_gpu();
    change(context);
    return !load_limits(scratch.path(), context).has_value();
  };
  EXPECT_TRUE(refused([](Context& c) { c.device.name = "Another GPU"; }));
  EXPECT_TRUE(refused([](Context& c) { c.device.kind = DeviceKind::cpu; }));
  EXPECT_TRUE(refused([](Context& c) { set(c, "uuid", std::string("GPU-2")); }));
  EXPECT_TRUE(refused([](Context& c) { set(c, "power_limit_w", 500.0); }));
  EXPECT_TRUE(refused([](Context& c) { set(c, "driver", std::string("590.1")); }));
  EXPECT_TRUE(refused([](Context& c) { c.device.properties.emplace_back("mig", true); }));
  EXPECT_TRUE(refused([](Context& c) { c.qgemm_version = "0.2.0"; }));
  EXPECT_TRUE(refused([](Context& c) { c.git_revision = "abd"; }));
  EXPECT_FALSE(refused([](Context&) {}));
}

TEST(LimitsStore, TwoDevicesOfOneNameHaveAFileEach) {
  const Scratch scratch;
  Context first = run_on_a_gpu(), second = run_on_a_gpu();
  set(second, "uuid", std::string("GPU-2"));
  second.limits[0].value = 1800;
  save_limits(scratch.path(), first);
  save_limits(scratch.path(), second);
  EXPECT_EQ(load_limits(scratch.path(), first)->limits[0].value, 1940.5);
  EXPECT_EQ(load_limits(scratch.path(), second)->limits[0].value, 1800);
  forget_limits(scratch.path(), second.device);
  EXPECT_TRUE(load_limits(scratch.path(), first));
  EXPECT_FALSE(load_limits(scratch.path(), second));
}

TEST(LimitsStore, OldOnesAndThoseOfTheFutureAreMeasuredAnew) {
  const Scratch scratch;
  const Context context = run_on_a_gpu();
  save_limits(scratch.path(), context);
  const auto file = std::filesystem::directory_iterator(scratch.path())->path();
  const std::string good = text_of(file);
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  const auto stamp = [&](std::int64_t time) {
    std::ofstream(file, std::ios::binary) << good;
    const auto at = good.find("\"unix_time\": ") + 13;
    replace_in(file, good.substr(at, good.find_first_of(",\n", at) - at), std::to_string(time));
    return load_limits(scratch.path(), context).has_value();
  };
  constexpr std::int64_t day = 24 * 3600;
  EXPECT_TRUE(stamp(now - 6 * day));
  EXPECT_FALSE(stamp(now - 8 * day));
  EXPECT_FALSE(stamp(now + day));
}

TEST(LimitsStore, ADamagedFileIsNoFile) {
  const Scratch scratch;
  const Context context = run_on_a_gpu();
  save_limits(scratch.path(), context);
  const auto file = std::filesystem::directory_iterator(scratch.path())->path();
  const std::string good = text_of(file);
  const std::string emptied = "{\"schema\": 1, \"unix_time\": 1, \"context\": {}}";
  for (const std::string& text : {std::string(), good.substr(0, good.size() / 2), std::string("[]"), emptied}) {
    std::ofstream(file, std::ios::binary) << text;
    EXPECT_FALSE(load_limits(scratch.path(), context)) << text;
  }
  std::ofstream(file, std::ios::binary) << good;
  replace_in(file, "\"schema\": 1", "\"schema\": 2");
  EXPECT_FALSE(load_limits(scratch.path(), context));
}

TEST(LimitsStore, WhereNothingCanBeKeptItSaysSo) {
  EXPECT_THROW(save_limits("/proc/none/limits", run_on_a_gpu()), Unavailable);
}

}  // namespace
}  // namespace qgemm
