// How choices are ranked, with times that a function makes up.
#include "engines/cutlass/rank_choices.hpp"

#include <map>
#include <set>
#include <tuple>

#include "gtest/gtest.h"

namespace qgemm::cutlass {
namespace {

constexpr CacheState hot = CacheState::hot, cold = CacheState::cold;

std::vector<std::size_t> numbers(const std::vector<RankedChoice>& ranked) {
  std::vector<std::size_t> out;
  for (const auto& choice : ranked) out.push_back(choice.which);
  return out;
}

TEST(RankChoices, EachCacheStateRanksByItself) {
  const double times[][2] = {{5, 9}, {4, 10}, {6, 8}};  // hot, cold
  const Rankings ranked =
      rank_choices(3, [&](std::size_t which, CacheState state, int) { return times[which][state == hot ? 0 : 1]; });
  EXPECT_EQ(numbers(ranked.hot), (std::vector<std::size_t>{1, 0, 2}));
  EXPECT_EQ(numbers(ranked.cold), (std::vector<std::size_t>{2, 0, 1}));
  EXPECT_DOUBLE_EQ(ranked.hot.front().us, 4);
  EXPECT_DOUBLE_EQ(ranked.cold.front().us, 8);
}

TEST(RankChoices, EachCacheStateHasFinalistsOfItsOwn) {
  constexpr std::size_t count = 20;
  std::map<CacheState, std::multiset<std::size_t>> bursts;
  const Rankings ranked = rank_choices(count, [&](std::size_t which, CacheState state, int calls) {
    // Hot the first are the fastest, cold the last; a call takes about 100 µs, so that a look is 3 calls.
    const auto place = static_cast<double>(state == hot ? which : count - 1 - which);
    if (calls > 4) bursts[state].insert(which);
    return 100 + place;
  });
  for (const std::size_t first : {0, 7}) {
    EXPECT_EQ(bursts[hot].count(first), 7U);
    EXPECT_EQ(bursts[cold].count(count - 1 - first), 7U);
  }
  EXPECT_EQ(bursts[hot].size(), 8U * 7U);
  EXPECT_EQ(bursts[cold].size(), 8U * 7U);
  EXPECT_EQ(ranked.hot.size(), count);
  EXPECT_EQ(ranked.cold.size(), count);
  EXPECT_EQ(ranked.hot.front().which, 0U);
  EXPECT_EQ(ranked.cold.front().which, count - 1);
}

TEST(RankChoices, BurstsDecideAmongFinalists) {
  // Number 1 is ahead in a look and steadily behind in bursts.
  const Rankings ranked = rank_choices(2, [](std::size_t which, CacheState, int calls) {
    return which == 0 ? 100.0 : calls > 4 ? 110.0 : 90.0;
  });
  EXPECT_EQ(numbers(ranked.hot), (std::vector<std::size_t>{0, 1}));
  EXPECT_DOUBLE_EQ(ranked.hot.back().us, 110);
}

TEST(RankChoices, TheMeanDecidesNotTheBestBurst) {
  std::map<CacheState, int> bursts;
  const Rankings ranked = rank_choices(2, [&](std::size_t which, CacheState state, int calls) {
    if (which == 0 || calls < 5) return 100.0;
    return ++bursts[state] % 2 == 0 ? 90.0 : 130.0;
  });
  EXPECT_EQ(ranked.hot.front().which, 0U);
  EXPECT_EQ(ranked.cold.front().which, 0U);
}

TEST(RankChoices, BurstsAreInterleavedAndTheirOrderTurns) {
  std::vector<std::size_t> order;
  rank_choices(3, [&](std::size_t which, CacheState state, int calls) {
    if (state == hot && calls > 4) order.push_back(which);
    return 100.0 + static_cast<double>(which);
  });
  ASSERT_EQ(order.size(), 3U * 7U);
  EXPECT_EQ((std::vector<std::size_t>{order.begin(), order.begin() + 6}), (std::vector<std::size_t>{0, 1, 2, 1, 2, 0}));
}

TEST(RankChoices, WhatWasOnlyLookedAtIsNotAheadOfTheFinalists) {
  // In bursts a GPU at its limit of power takes a fifth longer.
  const Rankings ranked = rank_choices(12, [](std::size_t which, CacheState, int calls) {
    return (1000 + static_cast<double>(which)) * (calls > 4 ? 1.2 : 1);
  });
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(ranked.hot[i].which, i);
    EXPECT_NEAR(ranked.hot[i].us, 1.2 * (1000 + static_cast<double>(i)), 0.001);
  }
}

TEST(RankChoices, CallsAreFewForLongOnesAndManyForShortOnes) {
  for (const auto& [us, look, burst] : {std::tuple{1.0, 300, 300}, {100.0, 3, 100}, {5000.0, 2, 2}}) {
    std::set<int> seen;
    rank_choices(1, [&, us = us](std::size_t, CacheState, int calls) {
      seen.insert(calls);
      return us;
    });
    EXPECT_EQ(seen, (std::set<int>{1, look, burst})) << us;
  }
}

TEST(RankChoices, NoneAreNone) {
  const Rankings ranked = rank_choices(0, [](std::size_t, CacheState, int) { return 1.0; });
  EXPECT_TRUE(ranked.hot.empty());
  EXPECT_TRUE(ranked.cold.empty());
}

}  // namespace
}  // namespace qgemm::cutlass
