#include "engines/onednn/tile_grid.hpp"

#include <algorithm>
#include <cstdint>

namespace qgemm::onednn {
namespace {

// Measured on 1 MiB of L2 and K of 4096 and 14336: 512 channels × 256 rows is within 2 % of the best of 256…2048 ×
// 64…256 everywhere, and its int32 sums (512 KiB) are still in L2 when the epilogue reads them.
constexpr std::int64_t widest_panel = 512;
constexpr std::int64_t tallest_block = 256;
// oneDNN's kernels work on 64 channels at a time; fewer rows than 64 cost weight bandwidth.
constexpr std::int64_t narrowest_panel = 64;
constexpr std::int64_t shortest_block = 64;
// Tiles a thread, so that a thread that was held up does not hold up the others for long.
constexpr std::int64_t panels_per_thread = 4;
constexpr std::int64_t tiles_per_thread = 2;

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

}  // namespace

TileGrid::TileGrid(const Shape& shape, int threads) : shape_(shape), panel_channels_(widest_panel) {
  while (panel_channels_ > narrowest_panel && ceil_div(shape.n, panel_channels_) < panels_per_thread * threads) {
    panel_channels_ /= 2;
  }
  panel_channels_ = std::min(panel_channels_, shape.n);

  // Blocks of nearly equal height: a last block of a few rows would read the weights for little work.
  std::int64_t blocks = ceil_div(shape.m, tallest_block);
  while (panels() * blocks < tiles_per_thread * threads && ceil_div(shape.m, 2 * blocks) >= shortest_block) blocks *= 2;
  block_rows_ = ceil_div(shape.m, blocks);
}

Tile TileGrid::tile(std::int64_t i) const {
  Tile tile;
  tile.panel = i / blocks();
  const std::int64_t block = i % blocks();
  tile.row = block * block_rows_;
  tile.rows = block + 1 == blocks() ? last_block_rows() : block_rows_;
  tile.channel = tile.panel * panel_channels_;
  tile.channels = tile.panel + 1 == panels() ? last_panel_channels() : panel_channels_;
  return tile;
}

}  // namespace qgemm::onednn
