#include "quantize/weights.hpp"

#include <cstdint>

#include "qgemm/error.hpp"
#include "quantize/quantize_rows.hpp"
#include "quantize/scale_rules.hpp"

namespace qgemm {

QuantizedWeights quantize_weights(const ConstMatrixView& w, ScaleGranularity granularity, ScaleSource source) {
  constexpr const char* what = "weights";
  QuantizedWeights out;
  out.values = Matrix(DType::s8, w.rows, w.cols);
  const ByteTarget target{out.values.row<std::uint8_t>(0), w.cols};
  if (granularity == ScaleGranularity::per_channel) {
    out.scales.resize(static_cast<std::size_t>(w.rows));
    quantize_by_row(w, target, out.scales.data(), nullptr, what);
  } else if (granularity == ScaleGranularity::per_tensor) {
    const StaticScale scale =
        source == ScaleSource::constant ? StaticScale{1.0F, 0} : scale_of(matrix_range(w, what), true);
    out.scales = {scale.scale};
    quantize_by_scale(w, target, scale, what);
  } else {
    throw InvalidInput("weights are quantized per tensor or per channel");
  }
  out.colsum = column_sums(out.values.view());
  return out;
}

std::vector<std::int32_t> column_sums(const ConstMatrixView& w) {
  std::vector<std::int32_t> sums(static_cast<std::size_t>(w.rows));
#pragma omp parallel for schedule(static)
  for (std::int64_t n = 0; n < w.rows; ++n) {
    const auto* row = w.row<std::int8_t>(n);
    std::int32_t sum = 0;
    for (std::int64_t k = 0; k < w.cols; ++k) sum += row[k];
    sums[static_cast<std::size_t>(n)] = sum;
  }
  return sums;
}

}  // namespace qgemm
