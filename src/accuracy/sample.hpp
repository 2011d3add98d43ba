#pragma once
#include <cstdint>
#include <vector>

#include "qgemm/shape.hpp"

namespace qgemm {

/// The elements of D that are checked one by one: all pairs of some rows and some columns.
struct Sample {
  std::vector<std::int64_t> rows, cols;
  std::size_t size() const { return rows.size() * cols.size(); }
};

/// About `elements` of them, random from `seed`, ascending, the first and last row and column always among them.
Sample choose_sample(const Shape& shape, std::uint64_t seed, std::int64_t elements = 2048);

}  // namespace qgemm
