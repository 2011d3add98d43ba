#include "qgemm/limits.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "device/cpu_info.hpp"
#include "device/thread_team.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

const std::set<std::string> compute = {"int8", "bf16", "f32"};
const std::set<std::string> streams = {"memory_read", "memory_copy", "l3_read", "l3_copy", "l2_read", "l2_copy"};

std::set<std::string> check_and_collect(const std::vector<Limit>& limits) {
  std::set<std::string> names;
  for (const Limit& limit : limits) {
    EXPECT_TRUE(names.insert(limit.name).second) << limit.name << " is there twice";
    EXPECT_TRUE(compute.count(limit.name) + streams.count(limit.name) == 1) << limit.name;
    EXPECT_EQ(limit.unit, compute.count(limit.name) == 1 ? "TFLOP/s" : "GB/s") << limit.name;
    EXPECT_GT(limit.value, 0) << limit.name;
    EXPECT_NE(limit.method.find("thread"), std::string::npos) << limit.method;
  }
  return names;
}

TEST(MeasureLimits, HasEachThisCpuCanReach) {
  const auto names = check_and_collect(measure_limits(1, 0.01));
  const CpuFeatures& has = cpu_features();
  EXPECT_EQ(names.count("f32"), 1U);
  EXPECT_EQ(names.count("int8"), has.amx_int8 ? 0U : 1U);
  EXPECT_EQ(names.count("bf16"), has.avx512_bf16 && !has.amx_bf16 ? 1U : 0U);
  EXPECT_EQ(names.count("l2_read"), names.count("l2_copy"));
  EXPECT_EQ(names.count("l3_read"), names.count("l3_copy"));
  EXPECT_EQ(names.count("memory_read"), names.count("memory_copy"));
}

TEST(MeasureLimits, UsesTheThreadsAskedFor) {
  measure_limits(0, 0.01);
  EXPECT_EQ(team_size(), usable_cores());
  const auto limits = measure_limits(1, 0.01);
  EXPECT_EQ(team_size(), 1);
  EXPECT_NE(limits.front().method.find("1 thread,"), std::string::npos) << limits.front().method;
}

TEST(MeasureLimits, RefusesWhatCannotBe) {
  EXPECT_THROW(measure_limits(1 << 20, 0.01), InvalidInput);
  EXPECT_THROW(measure_limits(-1, 0.01), InvalidInput);
  EXPECT_THROW(measure_limits(1, 0), InvalidInput);
  EXPECT_THROW(measure_limits(1, -1), InvalidInput);
  EXPECT_THROW(measure_limits(1, std::numeric_limits<double>::quiet_NaN()), InvalidInput);
}

}  // namespace
}  // namespace qgemm
