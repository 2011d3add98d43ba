#include <cmath>
#include <cstdint>
#include <string>

#include "qgemm/error.hpp"
#include "qgemm/quantize.hpp"
#include "quantize/e4m3_rows.hpp"
#include "quantize/quantize_rows.hpp"
#include "quantize/scale_rules.hpp"

namespace qgemm {
namespace {

constexpr const char* what = "activations";

std::string size_text(const ConstMatrixView& view) {
  return std::to_string(view.rows) + " × " + std::to_string(view.cols);
}

ByteTarget checked_target(const ConstMatrixView& x, const MatrixView& q, bool symmetric) {
  kernel_index(x.dtype);
  if (q.dtype != DType::s8 && q.dtype != DType::e4m3) {
    throw InvalidInput("the quantized matrix has to be s8 or e4m3, not " + std::string(name(q.dtype)));
  }
  if (q.dtype == DType::e4m3 && !symmetric) throw InvalidInput("e4m3 has no zero point: quantize symmetrically");
  if (x.rows != q.rows || x.cols != q.cols || x.rows < 1 || x.cols < 1) {
    throw InvalidInput("a matrix of " + size_text(x) + " cannot be quantized into one of " + size_text(q) +
                       ": both need the same size, at least 1 × 1");
  }
  if (x.stride < x.cols || q.stride < q.cols) throw InvalidInput("a matrix's row stride is smaller than its row");
  return {q.row<std::uint8_t>(0), q.stride};
}

}  // namespace

ActivationScales quantize_per_token(const ConstMatrixView& x, const MatrixView& q, bool symmetric) {
  const ByteTarget target = checked_target(x, q, symmetric);
  ActivationScales out;
  out.scales.resize(static_cast<std::size_t>(x.rows));
  if (q.dtype == DType::e4m3) {
    quantize_e4m3_by_row(x, q, out.scales.data(), what);
    return out;
  }
  if (!symmetric) out.azp.resize(out.scales.size());
  quantize_by_row(x, target, out.scales.data(), symmetric ? nullptr : out.azp.data(), what);
  return out;
}

ActivationScales quantize_per_tensor(const ConstMatrixView& x, const MatrixView& q, bool symmetric) {
  const ByteTarget target = checked_target(x, q, symmetric);
  if (q.dtype == DType::e4m3) {
    const RowRange range = matrix_range(x, what);
    const float scale = std::fmax(-range.min, range.max) / 448.0F;
    quantize_e4m3_by_scale(x, q, scale, what);
    return {{scale}, {}};
  }
  ActivationScales out = calibrate_per_tensor(x, symmetric);
  quantize_by_scale(x, target, {out.scales[0], symmetric ? 0 : out.azp[0]}, what);
  return out;
}

void quantize_static(const ConstMatrixView& x, const MatrixView& q, float scale, std::int32_t azp) {
  const ByteTarget target = checked_target(x, q, azp == 0);
  if (!(scale > 0.0F) || !std::isfinite(scale)) {
    throw InvalidInput("a static scale has to be a positive finite number, not " + std::to_string(scale));
  }
  if (std::abs(static_cast<float>(azp)) > max_zero_point) {
    throw InvalidInput("a zero point of " + std::to_string(azp) + " is outside ±2^30");
  }
  if (q.dtype == DType::e4m3) return quantize_e4m3_by_scale(x, q, scale, what);
  quantize_by_scale(x, target, {scale, azp}, what);
}

ActivationScales calibrate_per_tensor(const ConstMatrixView& x, bool symmetric) {
  if (x.rows < 1 || x.cols < 1) throw InvalidInput("an empty matrix has no scale");
  const StaticScale scale = scale_of(matrix_range(x, what), symmetric);
  ActivationScales out{{scale.scale}, {}};
  if (!symmetric) out.azp = {scale.azp};
  return out;
}

}  // namespace qgemm
