#pragma once
#include <cstdint>

#include "qgemm/shape.hpp"

namespace qgemm::onednn {

/// A rectangle of D: `rows` tokens from `row` on, `channels` output channels from `channel` on.
struct Tile {
  std::int64_t row = 0, rows = 0, channel = 0, channels = 0;
  std::int64_t panel = 0;  ///< Index of the weight panel that holds these channels.
};

/// How D[M,N] is cut into tiles, each the work of one thread. W is packed as panels of output channels; a panel is as
/// wide for every M, so that batch sizes share packed weights.
class TileGrid {
 public:
  TileGrid() = default;
  TileGrid(const Shape& shape, int threads);

  std::int64_t panels() const { return (shape_.n + panel_channels_ - 1) / panel_channels_; }
  std::int64_t blocks() const { return (shape_.m + block_rows_ - 1) / block_rows_; }
  std::int64_t tiles() const { return panels() * blocks(); }
  /// Tile `i` of [0, tiles()); the blocks of a panel follow one another, so that its weights are still in a cache.
  Tile tile(std::int64_t i) const;

  std::int64_t panel_channels() const { return panel_channels_; }
  std::int64_t block_rows() const { return block_rows_; }
  /// Of the last panel and block: 1 … the full size.
  std::int64_t last_panel_channels() const { return shape_.n - (panels() - 1) * panel_channels_; }
  std::int64_t last_block_rows() const { return shape_.m - (blocks() - 1) * block_rows_; }

 private:
  Shape shape_{1, 1, 1};
  std::int64_t panel_channels_ = 1, block_rows_ = 1;
};

}  // namespace qgemm::onednn
