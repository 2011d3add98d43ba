#pragma once
#include <cstdint>

namespace qgemm {

/// Random bits by counting: those of an element depend on the seed, its row and its column alone, so that any thread of
/// any device makes any element without the ones before it. Plain integers; usable in device code, too.
namespace random_bits {

/// How many elements share one draw of 64 bits.
inline constexpr std::int64_t group = 4;

inline constexpr std::uint64_t golden = 0x9e3779b97f4a7c15U;

/// The mixing step of splitmix64 (G. Steele, D. Lea, C. Flood 2014): what it makes of a counter passes for random.
constexpr std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

/// The state from which row `row` of a matrix of that seed is drawn.
constexpr std::uint64_t row_state(std::uint64_t seed, std::int64_t row) {
  return mix((mix(mix(seed + golden) + golden) ^ (static_cast<std::uint64_t>(row) * 0xd1342543de82ef95U)) + golden);
}

/// The slices of elements 4j … 4j+3, 16 bits each, the first in the lowest.
constexpr std::uint64_t slices(std::uint64_t state, std::int64_t j) {
  return mix(state + (static_cast<std::uint64_t>(j) + 1) * golden);
}

/// Where in an outermost slice element `c` lies: a stream of its own, from the state's complement.
constexpr std::uint32_t tail_fraction(std::uint64_t state, std::int64_t c) {
  return static_cast<std::uint32_t>(mix(~state + (static_cast<std::uint64_t>(c) + 1) * golden) >> 48U);
}

}  // namespace random_bits
}  // namespace qgemm
