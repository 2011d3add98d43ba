#include "qgemm/scaled_mm.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engines/select_engine.hpp"
#include "qgemm/error.hpp"
#include "quantize/weights.hpp"

namespace qgemm {
namespace {

Matrix dense_copy(const char* what, const ConstMatrixView& view) {
  if (view.dtype == DType::e4m3) {
    throw Unavailable(
        std::string(what) +
        " is e4m3: no engine of a CPU multiplies it, so give operands on a GPU of compute capability 9.0");
  }
  if (view.dtype != DType::s8) {
    throw InvalidInput(std::string(what) + " is " + std::string(name(view.dtype)) + ": scaled_mm takes s8");
  }
  if (view.data == nullptr || view.rows < 1 || view.cols < 1 || view.stride < view.cols) {
    throw InvalidInput(std::string(what) +
                       " is no matrix: give data, at least one row and column, and a stride of at "
                       "least a row");
  }
  Matrix copy(DType::s8, view.rows, view.cols);
  for (std::int64_t r = 0; r < view.rows; ++r) {
    std::copy_n(view.row<std::int8_t>(r), view.cols, copy.row<std::int8_t>(r));
  }
  return copy;
}

void check_count(const char* what, std::size_t count, std::int64_t rows, bool may_be_empty) {
  if ((count == 0 && may_be_empty) || count == 1 || static_cast<std::int64_t>(count) == rows) return;
  throw InvalidInput(std::string(what) + " has " + std::to_string(count) + " values: give 1 or " +
                     std::to_string(rows));
}

/// The scheme whose product takes operands with these numbers of scales and zero points.
Scheme scheme_of(std::size_t scales_a, std::size_t scales_w, std::size_t azp, DType output) {
  Scheme scheme{.weight = DType::s8, .activation = DType::s8, .output = output};
  scheme.weight_scale = scales_w == 1 ? ScaleGranularity::per_tensor : ScaleGranularity::per_channel;
  scheme.activation_scale = scales_a == 1 ? ScaleGranularity::per_tensor : ScaleGranularity::per_token;
  scheme.activation_quant = ActivationQuant::ahead;
  scheme.zero_point = azp == 0 ? ZeroPoint::none : azp == 1 ? ZeroPoint::per_tensor : ZeroPoint::per_token;
  return scheme;
}

/// `colsum`: in place of the weights' own.
void multiply(const ConstMatrixView& a, const ConstMatrixView& w, std::span<const float> scale_a,
              std::span<const float> scale_w, std::span<const std::int32_t> azp, std::span<const std::int32_t> colsum,
              const MatrixView& d, std::span<const float> bias, std::string_view engine) {
  QuantizedActivations activations;
  activations.values = dense_copy("a", a);
  QuantizedWeights weights;
  weights.values = dense_copy("w", w);
  if (a.cols != w.cols) {
    throw InvalidInput("a has K=" + std::to_string(a.cols) + " and w has K=" + std::to_string(w.cols) +
                       ": a is [M,K] and w is [N,K]");
  }
  if (d.data == nullptr || d.rows != a.rows || d.cols != w.rows || d.stride < d.cols) {
    throw InvalidInput("d is " + std::to_string(d.rows) + " × " + std::to_string(d.cols) + ": the product is " +
                       std::to_string(a.rows) + " × " + std::to_string(w.rows));
  }
  if (d.dtype != DType::bf16 && d.dtype != DType::f16 && d.dtype != DType::f32) {
    throw InvalidInput("d is " + std::string(name(d.dtype)) + ": use bf16, f16 or f32");
  }
  check_count("scale_a", scale_a.size(), a.rows, false);
  check_count("scale_w", scale_w.size(), w.rows, false);
  check_count("azp", azp.size(), a.rows, true);
  if (!bias.empty() && static_cast<std::int64_t>(bias.size()) != w.rows) {
    throw InvalidInput("bias has " + std::to_string(bias.size()) + " values: give none or " + std::to_string(w.rows));
  }

  // One scale for several rows with a zero point a row (or the other way round) is the per-token product of both.
  const bool token_scales = scale_a.size() > 1 || azp.size() > 1;
  const auto rows = static_cast<std::size_t>(a.rows);
  activations.scales.assign(scale_a.begin(), scale_a.end());
  if (token_scales && scale_a.size() == 1) activations.scales.assign(rows, scale_a[0]);
  activations.azp.assign(azp.begin(), azp.end());
  if (token_scales && azp.size() == 1) activations.azp.assign(rows, azp[0]);
  weights.scales.assign(scale_w.begin(), scale_w.end());
  if (colsum.empty()) {
    weights.colsum = column_sums(weights.values.view());
  } else {
    weights.colsum.assign(colsum.begin(), colsum.end());
  }

  GemmSpec spec{
      {a.rows, w.rows, a.cols}, scheme_of(scale_a.size(), scale_w.size(), azp.size(), d.dtype), !bias.empty()};
  if (token_scales) {
    spec.scheme.activation_scale = ScaleGranularity::per_token;
    if (!azp.empty()) spec.scheme.zero_point = ZeroPoint::per_token;
  }
  // Any int8 may come in here, −128 too: the tighter bound.
  if (spec.shape.k > 131'071) {
    throw InvalidInput("K=" + std::to_string(spec.shape.k) +
                       " is past 131071, the largest whose int32 sums cannot "
                       "overflow: split K");
  }
  Operands operands;
  operands.weights = std::make_shared<LayerWeights>(std::move(weights));
  operands.quantized = &activations;
  operands.bias.assign(bias.begin(), bias.end());
  if (spec.scheme.activation_scale == ScaleGranularity::per_tensor) {
    operands.static_scale = StaticScale{activations.scales[0], azp.empty() ? 0 : azp[0]};
  }
  const auto gemm = select_engine(engine, spec).prepare(spec, operands);
  gemm->launch(0);
  const ConstMatrixView result = gemm->output();
  const std::size_t size = size_of(d.dtype), row_bytes = static_cast<std::size_t>(d.cols) * size;
  for (std::int64_t r = 0; r < d.rows; ++r) {
    const auto* from = static_cast<const std::byte*>(result.data) + static_cast<std::size_t>(r * result.stride) * size;
    std::copy(from, from + row_bytes, static_cast<std::byte*>(d.data) + static_cast<std::size_t>(r * d.stride) * size);
  }
}

/// The zero point that `azp_adj` was folded from; empty where it is no multiple of the column sums.
std::optional<std::int32_t> unfolded(std::span<const std::int32_t> azp_adj, const std::vector<std::int32_t>& colsum) {
  const auto first = std::find_if(colsum.begin(), colsum.end(), [](std::int32_t sum) { return sum != 0; });
  std::int64_t azp = 0;
  if (first != colsum.end()) azp = azp_adj[static_cast<std::size_t>(first - colsum.begin())] / std::int64_t{*first};
  for (std::size_t n = 0; n < colsum.size(); ++n) {
    if (azp * colsum[n] != azp_adj[n]) return std::nullopt;
  }
  return static_cast<std::int32_t>(azp);
}

}  // namespace

void scaled_mm_azp(const ConstMatrixView& a, const ConstMatrixView& w, std::span<const float> scale_a,
                   std::span<const float> scale_w, std::span<const std::int32_t> azp, const MatrixView& d,
                   std::span<const float> bias, std::string_view engine) {
  multiply(a, w, scale_a, scale_w, azp, {}, d, bias, engine);
}

void scaled_mm_folded_azp(const ConstMatrixView& a, const ConstMatrixView& w, std::span<const float> scale_a,
                          std::span<const float> scale_w, std::span<const std::int32_t> azp_adj, const MatrixView& d,
                          std::span<const float> bias, std::string_view engine) {
  if (static_cast<std::int64_t>(azp_adj.size()) != w.rows) {
    throw InvalidInput("azp_adj has " + std::to_string(azp_adj.size()) + " values: give " + std::to_string(w.rows));
  }
  const Matrix weights = dense_copy("w", w);
  if (const auto azp = unfolded(azp_adj, column_sums(weights.view()))) {
    const std::int32_t one[] = {*azp};
    multiply(a, w, scale_a, scale_w, one, {}, d, bias, engine);
    return;
  }
  const std::int32_t one[] = {1};
  multiply(a, w, scale_a, scale_w, one, azp_adj, d, bias, "reference");
}

void scaled_mm(const ConstMatrixView& a, const ConstMatrixView& w, std::span<const float> scale_a,
               std::span<const float> scale_w, const MatrixView& d, std::span<const float> bias,
               std::string_view engine) {
  multiply(a, w, scale_a, scale_w, {}, {}, d, bias, engine);
}

}  // namespace qgemm
