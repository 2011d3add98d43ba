#include "engines/avx512/work_shares.hpp"

#include <cstdint>

#include "engines/avx512/blocking.hpp"

namespace qgemm::avx512 {
namespace {

constexpr std::uint64_t joined(std::uint64_t first, std::uint64_t end) { return first << 32U | end; }
constexpr std::uint64_t first_of(std::uint64_t left) { return left >> 32U; }
constexpr std::uint64_t end_of(std::uint64_t left) { return left & 0xffffffffU; }
constexpr std::uint64_t count_of(std::uint64_t left) { return end_of(left) - first_of(left); }

}  // namespace

void WorkShares::reset(std::int64_t count) {
  for (int thread = 0; thread < threads_; ++thread) {
    const Range share = part_of(count, threads_, thread);
    shares_[thread].left.store(joined(static_cast<std::uint64_t>(share.first), static_cast<std::uint64_t>(share.end)),
                               std::memory_order_relaxed);
  }
}

std::int64_t WorkShares::take(int thread) {
  auto& own = shares_[thread].left;
  for (std::uint64_t left = own.load(std::memory_order_relaxed); count_of(left) > 0;) {
    const std::uint64_t first = first_of(left);
    if (own.compare_exchange_weak(left, joined(first + 1, end_of(left)), std::memory_order_relaxed)) {
      return static_cast<std::int64_t>(first);
    }
  }
  // From whoever has most left. Shares only shrink, so that a look that finds nothing is the last one.
  while (true) {
    int victim = -1;
    std::uint64_t most = 0, seen = 0;
    for (int other = 0; other < threads_; ++other) {
      const std::uint64_t left = shares_[other].left.load(std::memory_order_relaxed);
      if (count_of(left) <= most) continue;
      victim = other, most = count_of(left), seen = left;
    }
    if (victim < 0) return -1;
    const std::uint64_t end = end_of(seen) - 1;
    if (shares_[victim].left.compare_exchange_weak(seen, joined(first_of(seen), end), std::memory_order_relaxed)) {
      return static_cast<std::int64_t>(end);
    }
  }
}

std::int64_t WorkShares::peek(int thread) const {
  const std::uint64_t left = shares_[thread].left.load(std::memory_order_relaxed);
  return count_of(left) > 0 ? static_cast<std::int64_t>(first_of(left)) : -1;
}

}  // namespace qgemm::avx512
