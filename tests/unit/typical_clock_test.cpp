// Rows measured at a lower clock than most of their run.
#include "run/typical_clock.hpp"

#include <gtest/gtest.h>

namespace qgemm {
namespace {

Result row_at(double clock, double us, Bound bound) {
  Result row;
  row.outcome = Outcome::ok;
  row.median_us = us;
  row.clock_mhz = clock;
  row.bound = bound;
  return row;
}

TEST(TypicalClock, MarksRowsUnderItAndSaysWhatTheyWouldTake) {
  std::vector<Result> rows{row_at(2000, 10, Bound::compute), row_at(2000, 10, Bound::memory),
                           row_at(2010, 10, Bound::compute), row_at(1500, 20, Bound::compute),
                           row_at(1500, 20, Bound::memory),  row_at(1950, 20, Bound::compute)};
  rows.emplace_back();  // not measured
  rows.push_back(row_at(1000, 20, Bound::compute));
  rows.back().clock_mhz.reset();
  mark_clocks(rows);
  // Clocks 1500 1500 1950 2000 2000 2010: the median is 1975.
  for (const std::size_t i : {0U, 1U, 2U, 5U, 6U, 7U}) EXPECT_FALSE(rows[i].typical_clock_us) << i;
  ASSERT_TRUE(rows[3].typical_clock_us);
  EXPECT_DOUBLE_EQ(*rows[3].typical_clock_us, 20 * 1500.0 / 1975);
  ASSERT_TRUE(rows[4].typical_clock_us);
  EXPECT_DOUBLE_EQ(*rows[4].typical_clock_us, 20);  // it waits for memory
}

TEST(TypicalClock, ARunWithoutClocksHasNoMarks) {
  std::vector<Result> rows(3);
  mark_clocks(rows);
  for (const auto& row : rows) EXPECT_FALSE(row.typical_clock_us);
}

TEST(TypicalClock, MarksOfAnEarlierRunAreMadeAnew) {
  std::vector<Result> rows{row_at(2000, 10, Bound::compute), row_at(2000, 10, Bound::compute)};
  rows[0].typical_clock_us = 5;
  mark_clocks(rows);
  EXPECT_FALSE(rows[0].typical_clock_us);
}

}  // namespace
}  // namespace qgemm
