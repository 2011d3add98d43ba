#pragma once
#include <cstdint>

#include "operands/random_bits.hpp"

namespace qgemm {

/// What `DataKind::outlier` makes of the elements of N(0,1) activations, as those of language models are. Plain
/// integers and exact float products; usable in device code, too.
///
/// - Outlier features. T. Dettmers et al., "LLM.int8()", NeurIPS 2022, §4 and Table 4: from 6.7 billion parameters on
///   about one feature in a thousand (6 or 7 in all) is up to 20 times as large as the others, in three quarters of the
///   tokens, on one side of zero alone, and much the same in each (quartiles −44, −40, −35 where others stay within
///   3.5). G. Xiao et al., "SmoothQuant", ICML 2023, §3: they persist in the same channels over all tokens.
/// - Massive tokens. M. Sun et al., "Massive Activations in Large Language Models", COLM 2024, §2: the first token of a
///   sequence holds values a thousand times the others' in one or two fixed features. A norm then leaves it the length
///   that all tokens have: nearly √K in that feature, and almost nothing elsewhere. Here one token in 128 is such a
///   first token, none of the first 127, since a batch of decoding steps has none.
///
/// The features ask for a finer scale than a token can have; the massive tokens are what one scale for all tokens
/// breaks at.
namespace outlier_model {

/// An outlier element is ±(size + spread · x), x the N(0,1) of that element.
inline constexpr float size = 20, spread = 3;
/// What the other elements of a massive token are multiplied by; a power of two, so that nothing is rounded.
inline constexpr float rest = 1.0F / 64;
inline constexpr std::int64_t massive_period = 128;
inline constexpr std::uint64_t tag = 0x6f75746c69657273U;

constexpr bool massive(std::int64_t token) { return token % massive_period == massive_period - 1; }

/// The side of zero that feature `c` is on.
constexpr float sign(std::uint64_t seed, std::int64_t c) {
  return (random_bits::mix((seed ^ tag) + static_cast<std::uint64_t>(c) * random_bits::golden) & 1U) != 0 ? -1.0F
                                                                                                          : 1.0F;
}

/// Whether `token` has feature `c`: three in four do.
constexpr bool present(std::uint64_t seed, std::int64_t token, std::int64_t c) {
  return (random_bits::slices(random_bits::row_state(seed ^ tag, token), c) & 3U) != 0;
}

/// The element of an outlier feature, from its N(0,1) in bf16: 3·x is exact in float32, so that a contraction changes
/// no bit.
constexpr float value(float sign_of_feature, float x) { return sign_of_feature * (size + spread * x); }

}  // namespace outlier_model
}  // namespace qgemm
