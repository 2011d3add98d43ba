#include "tuning/tuning_table.hpp"

#include <cmath>
#include <limits>

#include "qgemm/error.hpp"
#include "results_scratch.hpp"

namespace qgemm {
namespace {

const std::string gpu = "NVIDIA H100 80GB HBM3";
constexpr CacheState hot = CacheState::hot, cold = CacheState::cold;

TunedChoice choice(const std::string& kernel, double us = 1, int raster = 0, int swizzle = 1) {
  return {kernel, raster, swizzle, us, {}};
}

TEST(TuningTable, FindsExactlyWhatWasAdded) {
  TuningTable table(gpu);
  table.add(DType::s8, {16, 6144, 4096}, hot, choice("a", 8.5, 2, 4));
  EXPECT_EQ(table.gpu(), gpu);
  const auto found = table.find(DType::s8, {16, 6144, 4096}, hot);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kernel, "a");
  EXPECT_EQ(found->raster, 2);
  EXPECT_EQ(found->swizzle, 4);
  EXPECT_EQ(found->us, 8.5);
  EXPECT_FALSE(table.find(DType::s8, {16, 6144, 4096}, cold));
  EXPECT_FALSE(table.find(DType::e4m3, {16, 6144, 4096}, hot));
  EXPECT_FALSE(table.find(DType::s8, {17, 6144, 4096}, hot));
  EXPECT_FALSE(table.find(DType::s8, {16, 4096, 6144}, hot));
  EXPECT_FALSE(TuningTable(gpu).find(DType::s8, {16, 6144, 4096}, hot));
}

TEST(TuningTable, HotAndColdHaveChoicesOfTheirOwn) {
  TuningTable table(gpu);
  table.add(DType::s8, {1, 2, 3}, hot, choice("in the cache"));
  table.add(DType::s8, {1, 2, 3}, cold, choice("from memory"));
  EXPECT_EQ(table.size(), 2U);
  EXPECT_EQ(table.find(DType::s8, {1, 2, 3}, hot)->kernel, "in the cache");
  EXPECT_EQ(table.find(DType::s8, {1, 2, 3}, cold)->kernel, "from memory");
}

TEST(TuningTable, ALaterChoiceReplacesAnEarlier) {
  TuningTable table(gpu);
  table.add(DType::s8, {1, 2, 3}, hot, choice("slow", 2));
  table.add(DType::s8, {1, 2, 3}, hot, choice("fast", 1));
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(table.find(DType::s8, {1, 2, 3}, hot)->kernel, "fast");
}

TEST(TuningTable, InAMergeTheLaterWins) {
  TuningTable table(gpu), later(gpu);
  table.add(DType::s8, {1, 2, 3}, hot, choice("shipped"));
  table.add(DType::s8, {1, 2, 3}, cold, choice("shipped"));
  table.add(DType::s8, {4, 5, 6}, hot, choice("shipped"));
  later.add(DType::s8, {1, 2, 3}, hot, choice("own"));
  later.add(DType::e4m3, {1, 2, 3}, hot, choice("own"));
  table.merge(later);
  EXPECT_EQ(table.size(), 4U);
  EXPECT_EQ(table.find(DType::s8, {1, 2, 3}, hot)->kernel, "own");
  EXPECT_EQ(table.find(DType::s8, {1, 2, 3}, cold)->kernel, "shipped");
  EXPECT_EQ(table.find(DType::s8, {4, 5, 6}, hot)->kernel, "shipped");
  EXPECT_EQ(table.find(DType::e4m3, {1, 2, 3}, hot)->kernel, "own");
  EXPECT_THROW(table.merge(TuningTable("NVIDIA L4")), InvalidInput);
}

TEST(TuningTable, RefusesWhatItsFileCouldNotHold) {
  TuningTable table(gpu);
  const auto refused = [&](DType input, const Shape& shape, const TunedChoice& bad) {
    return message_of<InvalidInput>([&] { table.add(input, shape, cold, bad); });
  };
  EXPECT_NE(refused(DType::bf16, {1, 2, 3}, choice("a")).find("s8 or e4m3"), std::string::npos);
  EXPECT_NE(refused(DType::s8, {0, 2, 3}, choice("a")).find("at least 1"), std::string::npos);
  EXPECT_NE(refused(DType::s8, {1, 2, 3}, choice("")).find("s8 1x2x3 cold: it names no kernel"), std::string::npos);
  EXPECT_NE(refused(DType::s8, {1, 2, 3}, choice("a", 1, 3)).find("raster"), std::string::npos);
  EXPECT_NE(refused(DType::s8, {1, 2, 3}, choice("a", 1, 0, 0)).find("swizzle"), std::string::npos);
  for (const double us : {0.0, -1.0, std::numeric_limits<double>::infinity(), std::nan("")}) {
    EXPECT_NE(refused(DType::s8, {1, 2, 3}, choice("a", us)).find("microseconds"), std::string::npos) << us;
  }
  EXPECT_EQ(table.size(), 0U);
}

TEST(TuningTable, AChoiceIsWrittenAsRowsNameAKernel) {
  EXPECT_EQ(choice("k").text(), "k");
  EXPECT_EQ(choice("k", 1, 1).text(), "k along m");
  EXPECT_EQ(choice("k", 1, 2, 8).text(), "k along n swizzle 8");
  EXPECT_TRUE(choice("k", 1, 2, 8).runs_as(choice("k", 3, 2, 8)));
  EXPECT_FALSE(choice("k", 1, 2, 8).runs_as(choice("k", 1, 2, 4)));
}

}  // namespace
}  // namespace qgemm
