#include "engines/avx512/packed_activations.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace qgemm::avx512 {

PackedActivations::PackedActivations(const Blocking& blocking, std::int64_t m, std::int64_t k)
    : blocking_(blocking), m_(m), k_(k), data_(static_cast<std::size_t>(m * blocking.chunks() * chunk_values)) {
  std::memset(data_.data(), 0, data_.size());
}

std::uint8_t* PackedActivations::at(std::int64_t tile, std::int64_t block) const {
  const Range chunks = blocking_.block_chunks(block);
  const std::int64_t lines = m_ * chunks.first + blocking_.tile_rows(tile).first * chunks.size();
  return data_.as<std::uint8_t>() + lines * chunk_values;
}

template <class Copy>
void PackedActivations::each_line(std::int64_t tile, std::int64_t row, Copy&& copy) const {
  const std::int64_t distance = blocking_.tile_rows(tile).size() * chunk_values;
  std::int64_t k = 0;
  for (std::int64_t block = 0; block < blocking_.blocks(); ++block) {
    std::uint8_t* line = at(tile, block) + row * chunk_values;
    for (std::int64_t chunk = blocking_.block_chunks(block).size(); chunk > 0; --chunk) {
      copy(line, k, std::min(chunk_values, k_ - k));
      line += distance;
      k += chunk_values;
    }
  }
}

void PackedActivations::store_row(std::int64_t tile, std::int64_t row, const std::uint8_t* q) {
  each_line(tile, row, [q](std::uint8_t* line, std::int64_t k, std::int64_t count) {
    if (count == chunk_values) {
      std::memcpy(line, q + k, chunk_values);  // of a size known here: a few instructions
    } else {
      std::memcpy(line, q + k, static_cast<std::size_t>(count));
    }
  });
}

void PackedActivations::load_row(std::int64_t tile, std::int64_t row, std::uint8_t* q) const {
  each_line(tile, row, [q](const std::uint8_t* line, std::int64_t k, std::int64_t count) {
    std::memcpy(q + k, line, static_cast<std::size_t>(count));
  });
}

}  // namespace qgemm::avx512
