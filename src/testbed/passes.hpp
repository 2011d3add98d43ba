#pragma once
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace qgemm {

/// In which order points that stay prepared are visited again: pass by pass, all of them in each, in another random
/// order. So the samples of each lie all over the time that is measured, and neighbours, whose load a GPU's clock still
/// remembers, are others each time.
class Passes {
 public:
  Passes(std::size_t points, std::uint64_t seed);

  /// The point to visit next; of at least one.
  std::size_t next();
  /// Whole passes so far.
  std::size_t passed() const { return passed_; }
  /// True where the last visit ended a pass.
  bool between_passes() const { return at_ == order_.size(); }

 private:
  std::vector<std::size_t> order_;
  std::mt19937_64 random_;
  std::size_t at_, passed_ = 0;
};

}  // namespace qgemm
