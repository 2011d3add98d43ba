#pragma once
#include <cmath>
#include <cstdint>
#include <random>

#include "qgemm/matrix.hpp"

namespace qgemm::testing {

/// What a random matrix is made of, chosen to reach the corners of quantization.
enum class Values : std::uint8_t {
  normal,
  outliers,
  integers,
  ties,
  zero_rows,
  tiny,
  huge,
  one_sided,
  constant_rows,
  far_and_narrow
};
inline constexpr int value_kinds = 10;

inline float random_value(std::mt19937_64& rng, Values kind, std::int64_t row) {
  std::normal_distribution<float> normal;
  std::uniform_int_distribution<int> integer(-127, 127);
  switch (kind) {
    case Values::normal: return normal(rng);
    case Values::outliers: return normal(rng) * (rng() % 50 == 0 ? 100.0F : 1.0F);
    case Values::integers: return static_cast<float>(integer(rng));
    case Values::ties: return static_cast<float>(integer(rng)) * 0.5F;
    case Values::zero_rows: return row % 2 == 0 ? 0.0F : normal(rng);
    case Values::tiny: return normal(rng) * 0x1p-120F;
    case Values::huge: return normal(rng) * 0x1p120F;
    case Values::one_sided: return 5.0F + std::abs(normal(rng));
    case Values::constant_rows: return static_cast<float>(row % 5) - 2.0F;
    // Spans a millionth of its distance from zero: zero points and quotients near and past 2³⁰ in float32.
    case Values::far_and_narrow: return 1e6F + static_cast<float>(rng() % 3) * (row % 2 == 0 ? 0.0625F : 16.0F);
  }
  return 0;
}

inline Matrix random_matrix(std::mt19937_64& rng, DType dtype, std::int64_t rows, std::int64_t cols, Values kind) {
  Matrix out(dtype, rows, cols);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < cols; ++c) {
      float value = random_value(rng, kind, r);
      if (dtype == DType::f16 && std::abs(value) > 65504.0F) value = 65504.0F;
      set_element(out.view(), r, c, value);
    }
  }
  return out;
}

}  // namespace qgemm::testing
