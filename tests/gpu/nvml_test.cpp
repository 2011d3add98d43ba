#include "cuda/nvml.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "cuda/gpu_watch.hpp"
#include "gpu_test.hpp"

namespace qgemm::cuda {
namespace {

using std::chrono::milliseconds;
using Time = GpuLog::Clock::time_point;

GpuReading reading(double mhz, std::uint64_t slowdown = 0) {
  GpuReading out;
  out.sm_mhz = mhz;
  out.slowdown = slowdown;
  return out;
}

TEST(ThrottleText, NamesEachReasonOnce) {
  EXPECT_EQ(throttle_text(0), "none");
  EXPECT_EQ(throttle_text(1), "none");  // idle
  EXPECT_EQ(throttle_text(0x4), "power cap");
  EXPECT_EQ(throttle_text(0x20 | 0x40 | 0x1), "thermal");
  EXPECT_EQ(throttle_text(0x8 | 0x40 | 0x4), "thermal, hardware slowdown, power cap");
}

TEST(GpuLog, MeansOverTheStretchAskedFor) {
  GpuLog log;
  const Time start{};
  for (int i = 0; i < 10; ++i) log.add(start + milliseconds(10 * i), reading(1000 + 10 * i, i == 4 ? 4 : 0));
  const GpuSummary all = log.between(start, start + milliseconds(90));
  EXPECT_EQ(all.readings, 10);
  EXPECT_DOUBLE_EQ(*all.sm_mhz, 1045);
  EXPECT_EQ(all.throttle, "power cap");
  EXPECT_FALSE(all.power_w.has_value());
  const GpuSummary two = log.between(start + milliseconds(20), start + milliseconds(30));
  EXPECT_EQ(two.readings, 2);
  EXPECT_DOUBLE_EQ(*two.sm_mhz, 1025);
  EXPECT_EQ(two.throttle, "none");
}

TEST(GpuLog, AShortStretchTakesTheNearestReading) {
  GpuLog log;
  const Time start{};
  EXPECT_EQ(log.between(start, start + milliseconds(1)).readings, 0);
  log.add(start, reading(1000));
  log.add(start + milliseconds(10), reading(2000));
  EXPECT_DOUBLE_EQ(*log.between(start + milliseconds(2), start + milliseconds(3)).sm_mhz, 1000);
  EXPECT_DOUBLE_EQ(*log.between(start + milliseconds(6), start + milliseconds(7)).sm_mhz, 2000);
  EXPECT_DOUBLE_EQ(*log.between(start + milliseconds(50), start + milliseconds(51)).sm_mhz, 2000);
  EXPECT_EQ(log.between(start + milliseconds(200), start + milliseconds(201)).readings, 0);
}

TEST(GpuWatch, IsQuietWhereThereIsNoSuchGpu) {
  const GpuWatch watch("ffff:ff:1f.0");
  EXPECT_EQ(watch.between(Time::min(), Time::max()).readings, 0);
  EXPECT_FALSE(GpuMonitor::open("ffff:ff:1f.0").has_value());
}

class NvmlTest : public testing::GpuTest {};

TEST_F(NvmlTest, ReadsWhatTheGpuDoes) {
  const auto monitor = GpuMonitor::open(device().pci_bus_id);
  if (!monitor) GTEST_SKIP() << "no NVML here";
  EXPECT_TRUE(driver_version().has_value());
  const GpuReading now = monitor->read();
  ASSERT_TRUE(now.sm_mhz && now.temperature_c);
  EXPECT_GT(*now.sm_mhz, 100);
  EXPECT_LE(*now.sm_mhz, monitor->max_sm_mhz().value_or(10000) + 1);
  EXPECT_GT(*now.temperature_c, 5);
  EXPECT_LT(*now.temperature_c, 110);
  if (now.power_w) {
    EXPECT_GT(*now.power_w, 5);
    EXPECT_LT(*now.power_w, 2 * monitor->power_limit_w().value_or(2000));
  }
  // How long it takes belongs in the log: it is why readings have a thread of their own.
  const auto started = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i) monitor->read();
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - started;
  RecordProperty("read_us", std::to_string(took.count() / 10));
  std::printf("read: %.0f us; %s, %.0f of %.0f MHz, %.0f W of %.0f, memory %.0f MHz, %.0f C, throttle %s\n",
              took.count() / 10, driver_version()->c_str(), *now.sm_mhz, monitor->max_sm_mhz().value_or(0),
              now.power_w.value_or(0), monitor->power_limit_w().value_or(0), monitor->memory_mhz().value_or(0),
              *now.temperature_c, throttle_text(now.slowdown.value_or(0)).c_str());
}

TEST_F(NvmlTest, AWatchGathersReadings) {
  if (!GpuMonitor::open(device().pci_bus_id)) GTEST_SKIP() << "no NVML here";
  const GpuWatch watch(device().pci_bus_id);
  const auto started = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(milliseconds(300));
  const GpuSummary summary = watch.between(started, std::chrono::steady_clock::now());
  EXPECT_GE(summary.readings, 3);
  EXPECT_TRUE(summary.sm_mhz.has_value());
  EXPECT_TRUE(summary.throttle.has_value());
}

}  // namespace
}  // namespace qgemm::cuda
