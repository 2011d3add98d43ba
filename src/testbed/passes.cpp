#include "testbed/passes.hpp"

#include <algorithm>
#include <numeric>

namespace qgemm {

Passes::Passes(std::size_t points, std::uint64_t seed) : order_(points), random_(seed), at_(points) {
  std::iota(order_.begin(), order_.end(), std::size_t{0});
}

std::size_t Passes::next() {
  if (between_passes()) {
    std::shuffle(order_.begin(), order_.end(), random_);
    at_ = 0;
  }
  const std::size_t point = order_[at_++];
  if (between_passes()) ++passed_;
  return point;
}

}  // namespace qgemm
