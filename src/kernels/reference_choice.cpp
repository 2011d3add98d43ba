#include "kernels/reference_choice.hpp"

#include <bit>
#include <limits>

#include "qgemm/error.hpp"

namespace qgemm::kernels {
namespace {

constexpr std::int64_t no_limit = std::numeric_limits<std::int64_t>::max();

std::int64_t power_of_two_from(std::int64_t value) {
  return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(value)));
}

std::string hopper_s8(std::int64_t m, std::int64_t n) {
  if (m <= 32) return n < 8192 ? "sm90_s8_64x64x256_1x8_ws" : "sm90_s8_64x128x256_1x4_ws";
  if (m <= 64) return "sm90_s8_64x64x256_1x1_ws";
  if (m <= 128) return "sm90_s8_64x128x128_2x1_pingpong";
  return "sm90_s8_128x128x128_2x1_pingpong";
}

std::string hopper_e4m3(std::int64_t m, std::int64_t n) {
  const bool narrow = n <= 1280;
  if (m <= 16) return narrow ? "sm90_e4m3_64x16x256_1x2_ws_swap" : "sm90_e4m3_64x16x256_1x1_ws_swap";
  if (m <= 64) return narrow ? "sm90_e4m3_64x16x256_1x4_ws_swap" : "sm90_e4m3_64x64x256_1x1_ws_swap";
  if (m <= 128) return "sm90_e4m3_64x128x128_2x1_pingpong";
  return "sm90_e4m3_128x128x128_2x1_pingpong";
}

/// A tile of the kernels for sm_80 and later.
struct Tile {
  int m, n, k, stages;

  /// The stages' operands, a byte an element; the epilogue needs less and takes the same memory.
  std::int64_t shared_bytes() const { return std::int64_t{stages} * (m + n) * k; }
  std::string kernel() const {
    return "sm80_s8_" + std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k) + "_" +
           std::to_string(stages) + "stages";
  }
};

constexpr Tile fallback{32, 64, 128, 5};

Tile ampere(std::int64_t m, std::int64_t n) {
  if (m <= 16) return {16, 64, 128, 5};
  if (m <= 32) return {32, 64, 128, 5};
  if (m <= 64 || (m <= 128 && n < 8192)) return {64, 128, 128, 5};
  return {128, 128, 64, 5};
}

Tile ada(std::int64_t m, std::int64_t n) {
  // The tables' columns: N ≤ 4096, ≤ 8192, ≤ 16384, more.
  const int column = n <= 4096 ? 0 : n <= 8192 ? 1 : n <= 16384 ? 2 : 3;
  constexpr Tile tall{256, 128, 64, 3}, square{128, 128, 64, 5}, wide{64, 128, 128, 3}, small{64, 64, 128, 5};
  if (m <= 16) return column < 2 ? Tile{16, 64, 128, 5} : Tile{16, 128, 128, 4};
  if (m <= 32) return column < 2 ? Tile{32, 64, 128, 5} : Tile{32, 128, 128, 4};
  if (m <= 64) return column < 2 ? small : wide;
  if (m <= 128) return column < 2 ? wide : column == 2 ? square : small;
  if (m <= 256) return column == 0 ? wide : column == 2 ? tall : square;
  return column % 2 == 0 ? square : tall;
}

}  // namespace

std::string reference_choice(DType input, int capability, std::int64_t shared_bytes_per_block, std::int64_t m,
                             std::int64_t n) {
  if (m <= 0 || n <= 0 || m > no_limit / 2 || n > no_limit / 2) {
    throw InvalidInput("the reference's tables are for M and N of at least 1");
  }
  const std::string where =
      "on a GPU of compute capability " + std::to_string(capability / 10) + "." + std::to_string(capability % 10);
  const std::int64_t rows = power_of_two_from(m);
  if (input != DType::s8 && input != DType::e4m3) {
    throw Unavailable("the reference has scaled products of s8 and e4m3, none of " + std::string(name(input)));
  }
  if (capability == 90) return input == DType::s8 ? hopper_s8(rows, n) : hopper_e4m3(rows, n);
  if (input != DType::s8 || capability < 80 || capability > 90) {
    throw Unavailable("the reference has no table for " + std::string(name(input)) + " " + where +
                      ": choose another engine");
  }
  const Tile tile = capability == 89 ? ada(rows, power_of_two_from(n)) : ampere(rows, n);
  return (tile.shared_bytes() <= shared_bytes_per_block ? tile : fallback).kernel();
}

}  // namespace qgemm::kernels
