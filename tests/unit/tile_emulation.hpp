#pragma once
// Included before a kernel's own file (-include): the instructions that few CPUs have, in plain code from the manual's
// definitions, so that every machine tests the rest of those kernels. What breaks the manual's rules throws.
#include <immintrin.h>

#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace qgemm::emulation {

/// The eight tile registers of AMX (Intel 319433, chapter 3): 16 rows of 64 bytes each.
struct Tiles {
  bool configured = false;
  std::uint8_t rows[8] = {};
  std::uint16_t row_bytes[8] = {};
  std::uint8_t bytes[8][16][64] = {};
};
inline Tiles tiles;

inline void check(bool rule, const char* what) {
  if (!rule) throw std::logic_error(what);
}

inline void load_config(const void* from) {
  std::uint8_t config[64];
  std::memcpy(config, from, sizeof config);
  check(config[0] == 1, "palette 1 is the only one");
  for (int i = 1; i < 16; ++i) check(config[i] == 0, "start row and reserved bytes are zero");
  for (int tile = 0; tile < 16; ++tile) {
    std::uint16_t row_bytes = 0;
    std::memcpy(&row_bytes, config + 16 + 2 * tile, sizeof row_bytes);
    const std::uint8_t rows = config[48 + tile];
    if (tile >= 8) {
      check(row_bytes == 0 && rows == 0, "palette 1 has eight tiles");
      continue;
    }
    check(row_bytes > 0 && row_bytes <= 64 && rows > 0 && rows <= 16, "a tile has up to 16 rows of up to 64 bytes");
    tiles.row_bytes[tile] = row_bytes;
    tiles.rows[tile] = rows;
  }
  std::memset(tiles.bytes, 0, sizeof tiles.bytes);
  tiles.configured = true;
}

inline void load(int tile, const void* from, std::int64_t stride) {
  check(tiles.configured, "tiles are used after LDTILECFG");
  std::memset(tiles.bytes[tile], 0, sizeof tiles.bytes[tile]);
  for (int row = 0; row < tiles.rows[tile]; ++row) {
    std::memcpy(tiles.bytes[tile][row], static_cast<const std::uint8_t*>(from) + row * stride, tiles.row_bytes[tile]);
  }
}

inline void store(int tile, void* to, std::int64_t stride) {
  check(tiles.configured, "tiles are used after LDTILECFG");
  for (int row = 0; row < tiles.rows[tile]; ++row) {
    std::memcpy(static_cast<std::uint8_t*>(to) + row * stride, tiles.bytes[tile][row], tiles.row_bytes[tile]);
  }
}

/// TDPBUSD: sum += a (unsigned bytes) · b (signed bytes), by fours.
inline void dot_product(int sum, int a, int b) {
  check(sum != a && sum != b && a != b, "the operands are three tiles");
  check(tiles.row_bytes[a] / 4 == tiles.rows[b] && tiles.rows[sum] == tiles.rows[a] &&
            tiles.row_bytes[sum] == tiles.row_bytes[b],
        "the tiles fit each other");
  for (int m = 0; m < tiles.rows[sum]; ++m) {
    for (int n = 0; n < tiles.row_bytes[sum] / 4; ++n) {
      std::int32_t value = 0;
      std::memcpy(&value, tiles.bytes[sum][m] + 4 * n, sizeof value);
      for (int k = 0; k < tiles.row_bytes[a]; ++k) {
        value += tiles.bytes[a][m][k] * static_cast<std::int8_t>(tiles.bytes[b][k / 4][4 * n + k % 4]);
      }
      std::memcpy(tiles.bytes[sum][m] + 4 * n, &value, sizeof value);
    }
  }
}

/// VPDPBUSD on 256 bits: in each lane, sum += four unsigned bytes of a · four signed ones of b.
inline __m256i dot_product(const __m256i& sum, const __m256i& a, const __m256i& b) {
  std::int32_t values[8];
  std::uint8_t a_bytes[32];
  std::int8_t b_bytes[32];
  std::memcpy(values, &sum, sizeof values);
  std::memcpy(a_bytes, &a, sizeof a_bytes);
  std::memcpy(b_bytes, &b, sizeof b_bytes);
  for (int i = 0; i < 32; ++i) values[i / 4] += a_bytes[i] * b_bytes[i];
  __m256i result;
  std::memcpy(&result, values, sizeof result);
  return result;
}

}  // namespace qgemm::emulation

#undef _tile_loadconfig
#undef _tile_release
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbusd
#undef _mm256_dpbusd_avx_epi32
#define _tile_loadconfig(from) qgemm::emulation::load_config(from)
#define _tile_release() (qgemm::emulation::tiles.configured = false)
#define _tile_loadd(tile, from, stride) qgemm::emulation::load(tile, from, stride)
#define _tile_stored(tile, to, stride) qgemm::emulation::store(tile, to, stride)
#define _tile_dpbusd(sum, a, b) qgemm::emulation::dot_product(sum, a, b)
#define _mm256_dpbusd_avx_epi32(sum, a, b) qgemm::emulation::dot_product(sum, a, b)
