#include "testbed/planned_row.hpp"

#include <algorithm>

namespace qgemm {

int operand_sets(CacheState cache, std::int64_t set_bytes, std::int64_t cache_bytes, double factor) {
  if (cache == CacheState::hot || set_bytes <= 0) return 1;
  const auto rotated = static_cast<std::int64_t>(factor * static_cast<double>(cache_bytes));
  return static_cast<int>(std::clamp<std::int64_t>(rotated / set_bytes + 1, 1, 4096));
}

std::uint64_t operand_seed(std::uint64_t seed, SeedOf purpose, std::int64_t rows, std::int64_t cols) {
  std::uint64_t mixed = seed;
  for (const std::uint64_t part :
       {static_cast<std::uint64_t>(purpose), static_cast<std::uint64_t>(rows), static_cast<std::uint64_t>(cols)}) {
    mixed = (mixed ^ part) * 0x9e3779b97f4a7c15U;
    mixed ^= mixed >> 29U;
  }
  return mixed;
}

}  // namespace qgemm
