#include "accuracy/sample.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>

namespace qgemm {
namespace {

std::vector<std::int64_t> choose(std::int64_t count, std::int64_t size, std::mt19937_64& rng) {
  std::set<std::int64_t> chosen{0, size - 1};
  while (static_cast<std::int64_t>(chosen.size()) < std::min(count, size)) {
    chosen.insert(static_cast<std::int64_t>(rng() % static_cast<std::uint64_t>(size)));
  }
  return {chosen.begin(), chosen.end()};
}

}  // namespace

Sample choose_sample(const Shape& shape, std::uint64_t seed, std::int64_t elements) {
  std::mt19937_64 rng(seed);
  Sample sample;
  // As many rows as columns where both are there: then one bad row or column is met whichever it is.
  std::int64_t side = 1;
  while ((side + 1) * (side + 1) <= elements) ++side;
  const std::int64_t rows = std::min(shape.m, std::max(side, elements / std::max<std::int64_t>(shape.n, 1)));
  sample.rows = choose(rows, shape.m, rng);
  sample.cols = choose(elements / static_cast<std::int64_t>(sample.rows.size()), shape.n, rng);
  return sample;
}

}  // namespace qgemm
