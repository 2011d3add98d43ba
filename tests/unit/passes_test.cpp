// In which order points are visited again: by seeds, no clock decides.
#include "testbed/passes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

namespace qgemm {
namespace {

std::vector<std::size_t> visits(Passes& passes, std::size_t count) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < count; ++i) order.push_back(passes.next());
  return order;
}

TEST(Passes, VisitEveryPointOnceAPass) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Passes passes(7, seed);
    for (std::size_t pass = 1; pass <= 30; ++pass) {
      EXPECT_TRUE(passes.between_passes());
      const auto order = visits(passes, 7);
      EXPECT_EQ(std::set<std::size_t>(order.begin(), order.end()).size(), 7U) << "seed " << seed;
      EXPECT_EQ(passes.passed(), pass);
    }
  }
}

TEST(Passes, AreInAnotherOrderEachTimeAndTheSameForTheSameSeed) {
  Passes passes(10, 1), again(10, 1), other(10, 2);
  std::set<std::vector<std::size_t>> orders;
  for (int pass = 0; pass < 10; ++pass) {
    const auto order = visits(passes, 10);
    orders.insert(order);
    EXPECT_EQ(visits(again, 10), order);
    EXPECT_NE(visits(other, 10), order);
  }
  EXPECT_EQ(orders.size(), 10U);
}

TEST(Passes, KnowWhereTheyStand) {
  Passes passes(3, 1);
  EXPECT_EQ(passes.passed(), 0U);
  visits(passes, 2);
  EXPECT_FALSE(passes.between_passes());
  EXPECT_EQ(passes.passed(), 0U);
  visits(passes, 1);
  EXPECT_TRUE(passes.between_passes());
  EXPECT_EQ(passes.passed(), 1U);
  Passes one(1, 5);
  EXPECT_EQ(visits(one, 4), std::vector<std::size_t>(4, 0));
  EXPECT_EQ(one.passed(), 4U);
}

/// Each point comes as often first as last: none is always measured in the wake of the same one.
TEST(Passes, PutNoPointInFrontOfTheOthers) {
  std::vector<int> first(5, 0);
  Passes passes(5, 3);
  for (int pass = 0; pass < 1000; ++pass) ++first[visits(passes, 5).front()];
  EXPECT_GT(*std::min_element(first.begin(), first.end()), 150);
  EXPECT_LT(*std::max_element(first.begin(), first.end()), 250);
}

}  // namespace
}  // namespace qgemm
