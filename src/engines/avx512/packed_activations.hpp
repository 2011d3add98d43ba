#pragma once
#include <cstdint>

#include "engines/avx512/blocking.hpp"
#include "qgemm/matrix.hpp"

namespace qgemm::avx512 {

/// Quantized A[M,K] + 128 as the kernels read it, [block of K][tile of rows][chunk][row of the tile][64]: the rows of a
/// tile by turns, a cache line each, so that the tiles of a block are one stream of memory. K is padded with zeros.
class PackedActivations {
 public:
  PackedActivations() = default;
  /// For the tiles and chunks of `blocking`; throws `OutOfMemory`.
  PackedActivations(const Blocking& blocking, std::int64_t m, std::int64_t k);

  /// The part of tile `tile` in block `block` of K.
  const std::uint8_t* tile(std::int64_t tile, std::int64_t block) const { return at(tile, block); }
  /// Copies the K bytes `q` (activation + 128) into row `row` of tile `tile` (0: its first).
  void store_row(std::int64_t tile, std::int64_t row, const std::uint8_t* q);
  /// The K bytes of a row, as `store_row` was given them.
  void load_row(std::int64_t tile, std::int64_t row, std::uint8_t* q) const;

 private:
  std::uint8_t* at(std::int64_t tile, std::int64_t block) const;
  /// Calls `copy(line, k, count)` for each cache line of a row: it holds `count` values from `k` on.
  template <class Copy>
  void each_line(std::int64_t tile, std::int64_t row, Copy&& copy) const;

  Blocking blocking_;
  std::int64_t m_ = 0, k_ = 0;
  AlignedBuffer data_;
};

}  // namespace qgemm::avx512
