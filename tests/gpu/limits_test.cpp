#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <string>

#include "gpu_test.hpp"
#include "limits/cuda/device_limits.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

class DeviceLimitsTest : public testing::GpuTest {};

// What no GPU's design can upset: a time on a shared machine may be anything.
TEST_F(DeviceLimitsTest, AreThereAndOfTheRightOrder) {
  std::map<std::string, double> value;
  for (const Limit& limit : cuda::measure_limits(device(), 0.3)) {
    EXPECT_TRUE(value.emplace(limit.name, limit.value).second) << limit.name << " twice";
    EXPECT_GT(limit.value, 0) << limit.name;
    EXPECT_FALSE(limit.method.empty()) << limit.name;
    const bool arithmetic = limit.name == "int8" || limit.name == "fp8" || limit.name == "bf16" || limit.name == "f32";
    EXPECT_EQ(limit.unit, arithmetic ? "TFLOP/s" : "GB/s") << limit.name;
    RecordProperty(limit.name, std::to_string(limit.value) + " " + limit.unit + ", " + limit.method);
    std::printf("%-12s %10.1f %s  %s\n", limit.name.c_str(), limit.value, limit.unit.c_str(), limit.method.c_str());
  }
  for (const char* name : {"int8", "bf16", "f32", "memory_read", "memory_copy", "l2_read", "l2_copy"}) {
    EXPECT_TRUE(value.count(name)) << name;
  }
  EXPECT_EQ(value.count("fp8") > 0, device().capability() >= 89);
  EXPECT_GT(value["int8"], value["bf16"]);
  EXPECT_GT(value["bf16"], value["f32"]);
  EXPECT_GT(value["memory_read"], 0.8 * value["memory_copy"]);
  EXPECT_LT(value["memory_read"], 1.6 * value["memory_copy"]);
  EXPECT_GT(value["l2_read"], value["memory_read"]);
}

TEST_F(DeviceLimitsTest, RefuseATimeThatIsNone) {
  EXPECT_THROW(cuda::measure_limits(device(), 0), InvalidInput);
  EXPECT_THROW(cuda::measure_limits(device(), -1), InvalidInput);
}

}  // namespace
}  // namespace qgemm
