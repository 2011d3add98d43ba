#pragma once
#include <cstdint>

#include "engines/avx512/tile_kernel.hpp"
#include "qgemm/shape.hpp"

namespace qgemm::avx512 {

/// Part [first, end) of something.
struct Range {
  std::int64_t first = 0, end = 0;
  std::int64_t size() const { return end - first; }
};

/// Part `i` of [0, size) cut into `parts` that differ by one at most.
constexpr Range part_of(std::int64_t size, std::int64_t parts, std::int64_t i) {
  return {size * i / parts, size * (i + 1) / parts};
}

/// How the product of a shape is cut for one kernel and a number of threads.
///
/// W is packed as panels of as many channels as a tile has. A unit of work is a panel × a band of rows × a part of K:
/// mostly all rows and all of K, so that weights are read from memory once. In a unit, K is gone through in blocks: a
/// block's weights are read from memory once and then stay in L2 for all tiles of rows.
class Blocking {
 public:
  Blocking() = default;
  Blocking(const Shape& shape, const TileKernel& kernel, int threads);

  /// K in chunks of `chunk_values`, the last one padded with zeros.
  std::int64_t chunks() const { return chunks_; }
  std::int64_t panels() const { return panels_; }
  std::int64_t bands() const { return bands_; }
  std::int64_t k_parts() const { return k_parts_; }
  std::int64_t units() const { return panels_ * k_parts_ * bands_; }

  struct Unit {
    std::int64_t panel = 0, k_part = 0;
    Range tiles;   ///< Of rows.
    Range blocks;  ///< Of K.
  };
  /// Unit `i` of [0, units()): neighbours multiply neighbouring weights.
  Unit unit(std::int64_t i) const;

  /// Tiles of rows, as even in height as can be: a last one of a few rows would be as slow as a full one.
  std::int64_t tiles() const { return tiles_; }
  Range tile_rows(std::int64_t tile) const { return part_of(shape_.m, tiles_, tile); }
  /// Chunks of block `block` of K.
  Range block_chunks(std::int64_t block) const { return part_of(chunks_, blocks_, block); }
  std::int64_t blocks() const { return blocks_; }
  /// Most rows of a band: what a thread keeps sums of while it goes through the blocks of K.
  std::int64_t band_rows() const;

 private:
  Shape shape_{1, 1, 1};
  std::int64_t chunks_ = 1, panels_ = 1, tiles_ = 1, blocks_ = 1, bands_ = 1, k_parts_ = 1;
};

}  // namespace qgemm::avx512
