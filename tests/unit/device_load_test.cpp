#include <gtest/gtest.h>

#include "device/clock.hpp"
#include "device/load_watch.hpp"
#include "device_tree.hpp"

namespace qgemm {
namespace {

constexpr const char* proc_stat =
    "cpu  300 0 100 1000 20 3 4 50 0 0\n"
    "cpu0 100 0 50 500 10 1 2 20 90 0\n"
    "cpu1 200 0 50 500 10 2 2 30 0 0\n"
    "cpu10 9 9 9 9 9 9 9 9 0 0\n"
    "intr 12 13\n";

TEST(CpuTicks, SumsTheCpusAskedFor) {
  const auto one = parse_cpu_ticks(proc_stat, {0});
  ASSERT_TRUE(one);
  EXPECT_EQ(one->busy, 153);
  EXPECT_EQ(one->steal, 20);
  EXPECT_EQ(one->total, 153 + 510 + 20);
  const auto both = parse_cpu_ticks(proc_stat, {0, 1});
  ASSERT_TRUE(both);
  EXPECT_EQ(both->busy, 153 + 254);
  EXPECT_EQ(both->steal, 50);
}

TEST(CpuTicks, EmptyWhereUnknown) {
  EXPECT_FALSE(parse_cpu_ticks("", {0}));
  EXPECT_FALSE(parse_cpu_ticks(proc_stat, {7}));
  EXPECT_FALSE(parse_cpu_ticks(proc_stat, {}));
}

TEST(Temperature, PrefersTheCpusSensor) {
  const FakeTree tree;
  EXPECT_FALSE(cpu_temperature_c(tree.root()));
  tree.write("sys/class/hwmon/hwmon0/name", "nvme\n");
  tree.write("sys/class/hwmon/hwmon0/temp1_input", "31000\n");
  EXPECT_FALSE(cpu_temperature_c(tree.root()));
  tree.write("sys/class/thermal/thermal_zone0/type", "x86_pkg_temp\n");
  tree.write("sys/class/thermal/thermal_zone0/temp", "48500\n");
  EXPECT_DOUBLE_EQ(cpu_temperature_c(tree.root()).value_or(0), 48.5);
}

TEST(LoadWatch, ReadsWithoutFailing) {
  const LoadWatch watch;
  const LoadReading reading = watch.read();
  if (clock_source() != ClockSource::unknown) {
    EXPECT_GT(reading.clock_mhz.value_or(0), 0);
  }
  // Too short to judge by 10 ms ticks.
  EXPECT_FALSE(reading.steal_pct || reading.other_load_pct);
}

TEST(LoadWatch, SharesStayShares) {
  const LoadWatch watch;
  const auto start = std::chrono::steady_clock::now();
  volatile double sum = 0;
  while (std::chrono::steady_clock::now() - start < std::chrono::milliseconds(300)) sum = sum + 1;
  const LoadReading reading = watch.read();
  for (const auto& share : {reading.steal_pct, reading.other_load_pct}) {
    if (share) {
      EXPECT_TRUE(*share >= 0 && *share <= 100) << *share;
    }
  }
}

}  // namespace
}  // namespace qgemm
