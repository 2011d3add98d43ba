#include <gtest/gtest.h>

#include "device/cgroup.hpp"
#include "device_tree.hpp"

namespace qgemm {
namespace {

TEST(CgroupLimits, NoneWithoutControlGroups) {
  const FakeTree tree;
  const CgroupLimits limits = read_cgroup_limits(tree.root());
  EXPECT_FALSE(limits.memory_limit || limits.memory_available || limits.cpus);
}

TEST(CgroupLimits, Version2TakesTheTightestOnThePathUp) {
  const FakeTree tree;
  tree.write("proc/self/cgroup", "0::/slice/job\n");
  tree.write("sys/fs/cgroup/slice/job/memory.max", "max\n");
  tree.write("sys/fs/cgroup/slice/job/memory.current", "10\n");
  tree.write("sys/fs/cgroup/slice/job/cpu.max", "max 100000\n");
  tree.write("sys/fs/cgroup/slice/memory.max", "1000000\n");
  tree.write("sys/fs/cgroup/slice/memory.current", "400000\n");
  tree.write("sys/fs/cgroup/slice/memory.stat", "anon 5\ninactive_file 100000\n");
  tree.write("sys/fs/cgroup/slice/cpu.max", "150000 100000\n");
  const CgroupLimits limits = read_cgroup_limits(tree.root());
  EXPECT_EQ(limits.memory_limit, 1000000);
  EXPECT_EQ(limits.memory_available, 700000);
  ASSERT_TRUE(limits.cpus);
  EXPECT_DOUBLE_EQ(*limits.cpus, 1.5);
}

TEST(CgroupLimits, ContainerSeesItsOwnGroupAtTheMount) {
  const FakeTree tree;
  tree.write("proc/self/cgroup", "0::/\n");
  tree.write("sys/fs/cgroup/memory.max", "5000\n");
  tree.write("sys/fs/cgroup/memory.current", "9000\n");
  EXPECT_EQ(read_cgroup_limits(tree.root()).memory_available, 0);  // over its limit: nothing left, not negative
}

TEST(CgroupLimits, Version1) {
  const FakeTree tree;
  tree.write("proc/self/cgroup", "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n");
  tree.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "2000\n");
  tree.write("sys/fs/cgroup/memory/memory.usage_in_bytes", "500\n");
  tree.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "400000\n");
  tree.write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  const CgroupLimits limits = read_cgroup_limits(tree.root());
  EXPECT_EQ(limits.memory_available, 1500);
  EXPECT_DOUBLE_EQ(limits.cpus.value_or(0), 4.0);
}

TEST(CgroupLimits, Version1WithoutLimits) {
  const FakeTree tree;
  tree.write("proc/self/cgroup", "4:memory:/\n3:cpu:/\n");
  tree.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  tree.write("sys/fs/cgroup/memory/memory.usage_in_bytes", "500\n");
  tree.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  tree.write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  const CgroupLimits limits = read_cgroup_limits(tree.root());
  EXPECT_FALSE(limits.memory_limit || limits.cpus);
}

TEST(CgroupLimits, BrokenFilesAreNoLimits) {
  const FakeTree tree;
  tree.write("proc/self/cgroup", "garbage\n0\n::\n0::/\n");
  tree.write("sys/fs/cgroup/memory.max", "many\n");
  tree.write("sys/fs/cgroup/cpu.max", "\n");
  const CgroupLimits limits = read_cgroup_limits(tree.root());
  EXPECT_FALSE(limits.memory_limit || limits.cpus);
}

}  // namespace
}  // namespace qgemm
