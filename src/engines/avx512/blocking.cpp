#include "engines/avx512/blocking.hpp"

#include <algorithm>
#include <cstdint>

namespace qgemm::avx512 {
namespace {

// Of 1 MiB of L2: a block, the next one that is fetched meanwhile, and the activations. Measured: fewer rows want the
// next one nearer, by a few percent.
constexpr std::int64_t block_bytes = std::int64_t{256} << 10U, short_block_bytes = std::int64_t{192} << 10U;
constexpr std::int64_t few_rows = 64;
// Rows whose sums, and activations, are gone through again for each block of K.
constexpr std::int64_t tallest_band = 256;
constexpr std::int64_t shortest_k_part = 8, fewest_band_tiles = 8;  // chunks, tiles
// Of the threads' time, before work is cut finer: what cutting costs.
constexpr double enough = 0.95;

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// The share of the threads' time that `units` of equal work keep busy.
double utilization(std::int64_t units, int threads) {
  return static_cast<double>(units) / static_cast<double>(ceil_div(units, threads) * threads);
}

}  // namespace

Blocking::Blocking(const Shape& shape, const TileKernel& kernel, int threads)
    : shape_(shape),
      chunks_(ceil_div(shape.k, chunk_values)),
      panels_(ceil_div(shape.n, kernel.channels)),
      tiles_(ceil_div(shape.m, kernel.rows)) {
  const std::int64_t bytes = shape.m <= few_rows ? short_block_bytes : block_bytes;
  blocks_ = tiles_ == 1 ? 1 : std::min(chunks_, ceil_div(chunks_ * chunk_values * kernel.channels, bytes));
  bands_ = ceil_div(shape.m, tallest_band);
  // Few panels: bands of rows first, which costs reading weights again, out of a cache; then parts of K, which costs
  // adding up sums.
  while (utilization(panels_ * bands_, threads) < enough && bands_ < std::int64_t{2} * threads &&
         tiles_ >= fewest_band_tiles * (bands_ + 1))
    ++bands_;
  while (utilization(panels_ * bands_ * k_parts_, threads) < enough && k_parts_ < std::int64_t{2} * threads &&
         chunks_ >= shortest_k_part * (k_parts_ + 1)) {
    ++k_parts_;
  }
  blocks_ = std::max(blocks_, k_parts_);
}

Blocking::Unit Blocking::unit(std::int64_t i) const {
  Unit unit;
  const std::int64_t band = i % bands_;
  unit.k_part = i / bands_ % k_parts_;
  unit.panel = i / bands_ / k_parts_;
  unit.tiles = part_of(tiles_, bands_, band);
  unit.blocks = part_of(blocks_, k_parts_, unit.k_part);
  return unit;
}

std::int64_t Blocking::band_rows() const {
  std::int64_t most = 0;
  for (std::int64_t band = 0; band < bands_; ++band) {
    const Range tiles = part_of(tiles_, bands_, band);
    most = std::max(most, tile_rows(tiles.end - 1).end - tile_rows(tiles.first).first);
  }
  return most;
}

}  // namespace qgemm::avx512
