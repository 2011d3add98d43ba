#include "outliers/weight_rows.hpp"

namespace qgemm {
namespace {

template <class T>
void convert(const T* from, std::int64_t count, float* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = to_float(from[i]);
}

void convert_row(const ConstMatrixView& x, std::int64_t r, float* out) {
  switch (x.dtype) {
    case DType::f32: convert(x.row<float>(r), x.cols, out); return;
    case DType::bf16: convert(x.row<BFloat16>(r), x.cols, out); return;
    case DType::f16: convert(x.row<Float16>(r), x.cols, out); return;
    case DType::e4m3: convert(x.row<E4M3>(r), x.cols, out); return;
    case DType::s8:
    case DType::s32: break;
  }
  for (std::int64_t c = 0; c < x.cols; ++c) out[c] = element(x, r, c);
}

}  // namespace

void WeightRows::read(std::int64_t n, float* out) const {
  convert_row(weight_.weight.view(), n, out);
  if (!quantized()) return;
  const float scale = weight_.scales[static_cast<std::size_t>(n)];
  for (std::int64_t k = 0; k < cols(); ++k) out[k] *= scale;
}

Matrix WeightRows::gather(std::span<const std::int64_t> rows) const {
  Matrix out(DType::f32, static_cast<std::int64_t>(rows.size()), cols());
  for (std::size_t i = 0; i < rows.size(); ++i) read(rows[i], out.row<float>(static_cast<std::int64_t>(i)));
  return out;
}

Matrix as_f32(const ConstMatrixView& x) {
  Matrix out(DType::f32, x.rows, x.cols);
#pragma omp parallel for schedule(static)
  for (std::int64_t r = 0; r < x.rows; ++r) convert_row(x, r, out.row<float>(r));
  return out;
}

}  // namespace qgemm
