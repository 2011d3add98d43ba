#include "accuracy/output_check.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace qgemm {
namespace {

float rounded(float value, DType type) {
  if (type == DType::bf16) return to_float(to_bfloat16(value));
  if (type == DType::f16) return to_float(to_float16(value));
  return value;
}

/// Half a unit in the last place relative to the value, and the same at the bottom of the range.
struct Roundoff {
  double relative, smallest;
};
Roundoff roundoff(DType type) {
  if (type == DType::bf16) return {0x1p-8, 0x1p-134};
  if (type == DType::f16) return {0x1p-11, 0x1p-25};
  return {0x1p-24, 0x1p-150};
}

}  // namespace

bool within_one_rounding(float actual, float expected, float bias, DType output) {
  const float best = rounded(expected, output);
  if (actual == best || (std::isnan(actual) && std::isnan(best))) return true;
  if (!std::isfinite(actual) || !std::isfinite(expected)) {
    // At the edge of the range one order of multiplication overflows where the other just does not.
    return std::isinf(actual) && std::isfinite(expected) && rounded(expected * (1 + 0x1p-20F), output) == actual;
  }
  const Roundoff unit = roundoff(output);
  const double terms = 2 * std::abs(static_cast<double>(bias)) + std::abs(static_cast<double>(expected));
  const double slack = 4 * 0x1p-24 * terms;
  const double allowed = unit.relative * (std::abs(static_cast<double>(expected)) + slack) + slack + unit.smallest;
  return std::abs(static_cast<double>(actual) - static_cast<double>(expected)) <= allowed;
}

std::optional<WrongOutput> first_wrong_output(const ConstMatrixView& d, std::span<const std::int32_t> sums,
                                              const Epilogue& epilogue) {
  constexpr std::int64_t none = std::numeric_limits<std::int64_t>::max();
  std::int64_t wrong = none;
#pragma omp parallel reduction(min : wrong)
  {
    std::vector<float> row(static_cast<std::size_t>(d.cols));
#pragma omp for schedule(static)
    for (std::int64_t m = 0; m < d.rows; ++m) {
      Epilogue one = epilogue;
      if (one.scale_a.size() > 1) one.scale_a = one.scale_a.subspan(static_cast<std::size_t>(m), 1);
      if (one.azp.size() > 1) one.azp = one.azp.subspan(static_cast<std::size_t>(m), 1);
      dequantize_rows(sums.data() + m * d.cols, d.cols, one, 0, 1, {row.data(), DType::f32, 1, d.cols, d.cols});
      for (std::int64_t n = 0; n < d.cols; ++n) {
        const float bias = epilogue.bias.empty() ? 0.0F : epilogue.bias[static_cast<std::size_t>(n)];
        if (!within_one_rounding(element(d, m, n), row[static_cast<std::size_t>(n)], bias, d.dtype)) {
          wrong = std::min(wrong, m * d.cols + n);
          break;
        }
      }
    }
  }
  if (wrong == none) return std::nullopt;
  const std::int64_t m = wrong / d.cols, n = wrong % d.cols;
  std::vector<float> row(static_cast<std::size_t>(d.cols));
  Epilogue one = epilogue;
  if (one.scale_a.size() > 1) one.scale_a = one.scale_a.subspan(static_cast<std::size_t>(m), 1);
  if (one.azp.size() > 1) one.azp = one.azp.subspan(static_cast<std::size_t>(m), 1);
  dequantize_rows(sums.data() + m * d.cols, d.cols, one, 0, 1, {row.data(), DType::f32, 1, d.cols, d.cols});
  return WrongOutput{m, n, row[static_cast<std::size_t>(n)], element(d, m, n)};
}

}  // namespace qgemm
