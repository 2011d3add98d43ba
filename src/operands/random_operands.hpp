#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "qgemm/matrix.hpp"

namespace qgemm {

/// Which distribution operands are drawn from.
/// `normal`: N(0,1), as the reference. `outlier`: the same, with one activation feature in a thousand (at least one)
/// twenty times as large in every token, the pattern of T. Dettmers et al., "LLM.int8()", 2022, §3. `zeros`: all zero.
enum class DataKind : std::uint8_t { normal, outlier, zeros };
DataKind parse_data_kind(const std::string& text);  ///< Throws `InvalidInput`.

/// bf16 matrices whose elements depend on `seed`, row and column alone (`random_bits`): the same whatever the thread
/// count, the device and the other elements.
Matrix random_weights(std::int64_t n, std::int64_t k, DataKind kind, std::uint64_t seed);
Matrix random_activations(std::int64_t m, std::int64_t k, DataKind kind, std::uint64_t seed);
/// How much larger outlier features are, and the columns 0 ≤ c < `k` that they fill, each once.
inline constexpr float outlier_factor = 20;
std::vector<std::int64_t> outlier_features(std::int64_t k, std::uint64_t seed);
/// N(0,1), each value representable in `output`.
std::vector<float> random_bias(std::int64_t n, DataKind kind, DType output, std::uint64_t seed);

}  // namespace qgemm
