#include "accuracy/freivalds.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>

namespace qgemm {

Freivalds::Freivalds(const ConstMatrixView& w, std::uint64_t seed)
    : x_(static_cast<std::size_t>(w.rows)), wx_(static_cast<std::size_t>(w.cols)) {
  std::mt19937_64 rng(seed);
  for (auto& value : x_) value = rng();
  // Columns in strips that stay in the first-level cache while all rows pass by; signed products wrap as unsigned ones.
  constexpr std::int64_t strip = 2048;
  const std::int64_t strips = (w.cols + strip - 1) / strip;
#pragma omp parallel for schedule(dynamic)
  for (std::int64_t s = 0; s < strips; ++s) {
    const std::int64_t first = s * strip, count = std::min(strip, w.cols - first);
    std::uint64_t* out = wx_.data() + first;
    for (std::int64_t n = 0; n < w.rows; ++n) {
      const std::int8_t* row = w.row<std::int8_t>(n) + first;
      const std::uint64_t x = x_[static_cast<std::size_t>(n)];
      for (std::int64_t k = 0; k < count; ++k)
        out[k] += static_cast<std::uint64_t>(static_cast<std::int64_t>(row[k])) * x;
    }
  }
}

std::optional<std::int64_t> Freivalds::first_wrong_row(const QuantizedActivations& a,
                                                       std::span<const std::int32_t> sums) const {
  const std::int64_t m = a.values.rows(), n = static_cast<std::int64_t>(x_.size()), k = a.values.cols();
  constexpr std::int64_t none = std::numeric_limits<std::int64_t>::max();
  std::int64_t wrong = none;
#pragma omp parallel for schedule(static) reduction(min : wrong)
  for (std::int64_t row = 0; row < m; ++row) {
    std::uint64_t left = 0, right = 0;
    const std::int32_t* sum = sums.data() + row * n;
    for (std::int64_t j = 0; j < n; ++j)
      left += static_cast<std::uint64_t>(static_cast<std::int64_t>(sum[j])) * x_[static_cast<std::size_t>(j)];
    for (std::int64_t i = 0; i < k; ++i)
      right += static_cast<std::uint64_t>(static_cast<std::int64_t>(a.q(row, i))) * wx_[static_cast<std::size_t>(i)];
    if (left != right) wrong = std::min(wrong, row);
  }
  if (wrong == none) return std::nullopt;
  return wrong;
}

}  // namespace qgemm
