#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "qgemm/matrix.hpp"

namespace qgemm {

/// Which distribution operands are drawn from.
/// `normal`: N(0,1), as the reference. `outlier`: weights the same; activations as language models have them, with a
/// few features twenty times as large as the others and a few tokens that are one huge value (`outlier_model` has the
/// numbers and their sources). `zeros`: all zero.
enum class DataKind : std::uint8_t { normal, outlier, zeros };
DataKind parse_data_kind(const std::string& text);  ///< Throws `InvalidInput`.

/// bf16 matrices whose elements depend on `seed`, row and column alone (`random_bits`): the same whatever the thread
/// count, the device and the other elements.
Matrix random_weights(std::int64_t n, std::int64_t k, DataKind kind, std::uint64_t seed);
Matrix random_activations(std::int64_t m, std::int64_t k, DataKind kind, std::uint64_t seed);
/// The columns 0 ≤ c < `k` of the outlier features, each once: one in a thousand, at least one. The first is the one
/// that massive tokens are in.
std::vector<std::int64_t> outlier_features(std::int64_t k, std::uint64_t seed);
/// What a massive token of `k` features has in the first of them: ±√k in bf16.
float massive_value(std::int64_t k, std::uint64_t seed);
/// N(0,1), each value representable in `output`.
std::vector<float> random_bias(std::int64_t n, DataKind kind, DType output, std::uint64_t seed);

}  // namespace qgemm
