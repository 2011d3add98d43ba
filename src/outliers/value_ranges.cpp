#include "outliers/value_ranges.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace qgemm {

AbsMaxima find_absmax(std::int64_t rows, std::int64_t cols, const std::function<void(std::int64_t, float*)>& read) {
  AbsMaxima out;
  out.rows.assign(static_cast<std::size_t>(rows), 0.0F);
  out.cols.assign(static_cast<std::size_t>(cols), 0.0F);
  std::int64_t first_bad = rows;
#pragma omp parallel
  {
    std::vector<float> row(static_cast<std::size_t>(cols)), largest(static_cast<std::size_t>(cols), 0.0F);
    std::int64_t bad = rows;
#pragma omp for schedule(static)
    for (std::int64_t r = 0; r < rows; ++r) {
      read(r, row.data());
      float top = 0;
      int wrong = 0;
#pragma omp simd reduction(max : top) reduction(+ : wrong)
      for (std::size_t c = 0; c < row.size(); ++c) {
        const float size = std::fabs(row[c]);
        wrong += size <= std::numeric_limits<float>::max() ? 0 : 1;  // NaN, too
        top = top < size ? size : top;
        largest[c] = largest[c] < size ? size : largest[c];
      }
      out.rows[static_cast<std::size_t>(r)] = top;
      if (wrong > 0) bad = std::min(bad, r);
    }
#pragma omp critical
    {
      first_bad = std::min(first_bad, bad);
      for (std::size_t c = 0; c < largest.size(); ++c) out.cols[c] = std::max(out.cols[c], largest[c]);
    }
  }
  if (first_bad < rows) out.not_finite = first_bad;
  return out;
}

ValueRange range_of(std::vector<float> absmax) {
  if (absmax.empty()) return {};
  std::sort(absmax.begin(), absmax.end());
  const std::size_t middle = absmax.size() / 2;
  const auto upper = static_cast<double>(absmax[middle]);
  const auto lower = static_cast<double>(absmax.size() % 2 == 1 ? absmax[middle] : absmax[middle - 1]);
  return {static_cast<double>(absmax.back()), (lower + upper) / 2};
}

double massive_rows_pct(const ConstMatrixView& x) {
  std::int64_t massive = 0;
#pragma omp parallel for schedule(static) reduction(+ : massive)
  for (std::int64_t r = 0; r < x.rows; ++r) {
    const auto* row = x.row<float>(r);
    double sum = 0, top = 0;
    for (std::int64_t c = 0; c < x.cols; ++c) {
      const double square = static_cast<double>(row[c]) * static_cast<double>(row[c]);
      sum += square;
      top = std::max(top, square);
    }
    massive += top > sum / 2 ? 1 : 0;
  }
  return x.rows > 0 ? 100 * static_cast<double>(massive) / static_cast<double>(x.rows) : 0;
}

}  // namespace qgemm
