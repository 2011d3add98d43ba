#include "quantize/e4m3_rows.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <limits>

#include "quantize/quantize_rows.hpp"
#include "quantize/reference.hpp"

namespace qgemm {
namespace {

/// The largest magnitude of a row; NaN or infinity where it holds one.
float absmax(const ConstMatrixView& x, std::int64_t r) {
  float most = 0;
  for (std::int64_t c = 0; c < x.cols; ++c) {
    const float value = std::abs(element(x, r, c));
    if (!(value <= std::numeric_limits<float>::max())) return value;
    most = std::max(most, value);
  }
  return most;
}

/// `scale_of` gives a row's scale from its absmax.
template <class ScaleOf>
void quantize(const ConstMatrixView& x, const MatrixView& q, const char* what, const ScaleOf& scale_of) {
  std::atomic<std::int64_t> bad{x.rows};
#pragma omp parallel for schedule(static)
  for (std::int64_t r = 0; r < x.rows; ++r) {
    const float most = absmax(x, r);
    if (!std::isfinite(most)) {
      std::int64_t before = bad.load();
      while (r < before && !bad.compare_exchange_weak(before, r)) {
      }
      continue;
    }
    const float scale = scale_of(r, most);
    for (std::int64_t c = 0; c < x.cols; ++c) {
      q.row<E4M3>(r)[c] = reference::quantize_value_e4m3(element(x, r, c), scale);
    }
  }
  if (bad.load() < x.rows) throw_not_finite(what, bad.load());
}

}  // namespace

void quantize_e4m3_by_row(const ConstMatrixView& x, const MatrixView& q, float* scales, const char* what) {
  quantize(x, q, what, [&](std::int64_t r, float most) { return scales[r] = most / 448.0F; });
}

void quantize_e4m3_by_scale(const ConstMatrixView& x, const MatrixView& q, float scale, const char* what) {
  quantize(x, q, what, [&](std::int64_t, float) { return scale; });
}

}  // namespace qgemm
