#include <gtest/gtest.h>

#include <optional>

#include "device/cpu_topology.hpp"
#include "device/system_files.hpp"
#include "device_tree.hpp"

namespace qgemm {
namespace {

using Cpus = std::vector<int>;

TEST(ParseCpuList, ReadsRangesAndSingles) {
  EXPECT_EQ(parse_cpu_list("0"), (Cpus{0}));
  EXPECT_EQ(parse_cpu_list("0-2,8"), (Cpus{0, 1, 2, 8}));
  EXPECT_EQ(parse_cpu_list(" 4-5, 7\n"), (Cpus{4, 5, 7}));
}

TEST(ParseCpuList, LeavesOutWhatIsNoNumber) {
  EXPECT_TRUE(parse_cpu_list("").empty());
  EXPECT_TRUE(parse_cpu_list("none").empty());
  EXPECT_TRUE(parse_cpu_list("3-1").empty());
  EXPECT_EQ(parse_cpu_list("x,2,,3-"), (Cpus{2}));
  EXPECT_LE(parse_cpu_list("0-2000000000").size(), 1U << 16U);
}

TEST(ParseSize, MultipliesByItsUnit) {
  EXPECT_EQ(parse_size("512"), 512);
  EXPECT_EQ(parse_size("32K"), 32 * 1024);
  EXPECT_EQ(parse_size("16M\n"), 16 * 1024 * 1024);
  EXPECT_EQ(parse_size("1G"), 1024 * 1024 * 1024);
  EXPECT_EQ(parse_size("max"), std::nullopt);
  EXPECT_EQ(parse_size(""), std::nullopt);
}

TEST(FindField, FindsTheFirst) {
  const std::string text = "processor\t: 0\nmodel name\t: Some CPU @ 2:1\nprocessor\t: 1\n";
  EXPECT_EQ(find_field(text, "processor"), "0");
  EXPECT_EQ(find_field(text, "model name"), "Some CPU @ 2:1");
  EXPECT_EQ(find_field(text, "model"), std::nullopt);
}

TEST(HasWord, MatchesWholeWordsOnly) {
  EXPECT_TRUE(has_word("fpu avx2 hypervisor", "hypervisor"));
  EXPECT_FALSE(has_word("fpu avx512f", "avx512"));
  EXPECT_FALSE(has_word("", "avx2"));
}

TEST(ReadText, MissingAndFolderAreEmpty) {
  const FakeTree tree;
  EXPECT_EQ(read_text(tree.root() / "absent"), std::nullopt);
  EXPECT_EQ(read_integer(tree.root()), std::nullopt);
}

TEST(GroupByCore, JoinsSiblingsAndOrdersCoresFirst) {
  const FakeTree tree;
  tree.write("cpu0/topology/thread_siblings_list", "0,2\n");
  tree.write("cpu1/topology/thread_siblings_list", "1,3\n");
  tree.write("cpu2/topology/thread_siblings_list", "0,2\n");
  tree.write("cpu3/topology/thread_siblings_list", "1,3\n");
  const auto cores = group_by_core({0, 1, 2, 3}, tree.root());
  EXPECT_EQ(cores, (std::vector<Core>{{0, 2}, {1, 3}}));
  EXPECT_EQ(pinning_order(cores), (Cpus{0, 1, 2, 3}));
  // Only the siblings of one core are allowed: one core.
  EXPECT_EQ(group_by_core({1, 3}, tree.root()), (std::vector<Core>{{1, 3}}));
}

TEST(GroupByCore, FallsBackToCoreAndPackage) {
  const FakeTree tree;
  for (int cpu = 0; cpu < 4; ++cpu) {
    const std::string folder = "cpu" + std::to_string(cpu) + "/topology/";
    tree.write(folder + "core_id", "0\n");
    tree.write(folder + "physical_package_id", std::to_string(cpu / 2) + "\n");
  }
  EXPECT_EQ(group_by_core({0, 1, 2, 3}, tree.root()), (std::vector<Core>{{0, 1}, {2, 3}}));
}

TEST(GroupByCore, WithoutTopologyEachCpuIsACore) {
  const FakeTree tree;
  EXPECT_EQ(group_by_core({0, 5}, tree.root()), (std::vector<Core>{{0}, {5}}));
}

TEST(CpusSharingCache, SkipsInstructionCaches) {
  const FakeTree tree;
  tree.write("cpu0/cache/index0/level", "1\n");
  tree.write("cpu0/cache/index0/type", "Instruction\n");
  tree.write("cpu0/cache/index0/shared_cpu_list", "0-9\n");
  tree.write("cpu0/cache/index1/level", "1\n");
  tree.write("cpu0/cache/index1/type", "Data\n");
  tree.write("cpu0/cache/index1/shared_cpu_list", "0-1\n");
  EXPECT_EQ(cpus_sharing_cache(0, 1, tree.root()), (Cpus{0, 1}));
  EXPECT_TRUE(cpus_sharing_cache(0, 3, tree.root()).empty());
}

}  // namespace
}  // namespace qgemm
