#include "engines/onednn/float_gemm.hpp"

#include <utility>

#include "engines/onednn/convert_rows.hpp"

namespace qgemm::onednn {
namespace {

bool same_type(const GemmSpec& spec, const ConstMatrixView& operand) { return operand.dtype == spec.scheme.weight; }

}  // namespace

TiledMatmul::Plan FloatGemm::plan(const GemmSpec& spec, std::int64_t source_stride, int threads) {
  const DType operand = spec.scheme.weight, output = spec.scheme.output;
  const bool direct = output == DType::f32 || output == operand;
  return {.shape = spec.shape,
          .operand = operand,
          .result = direct ? output : DType::f32,
          .bias = spec.bias,
          .direct = direct,
          .source_stride = source_stride,
          .threads = threads};
}

FloatGemm::FloatGemm(const GemmSpec& spec, const Operands& operands, int threads)
    : own_activations_(same_type(spec, operands.activations)
                           ? Matrix()
                           : converted(operands.activations, spec.scheme.weight, threads)),
      activations_(same_type(spec, operands.activations) ? operands.activations
                                                         : std::as_const(own_activations_).view()),
      plan_(plan(spec, activations_.stride, threads)),
      matmul_(plan_),
      bias_(operands.bias),
      d_(spec.scheme.output, spec.shape.m, spec.shape.n),
      epilogue_([this](const Tile& tile, void* results) { round(tile, results); }) {
  const PanelLayouts layouts = matmul_.weight_layouts();
  const std::string source(name(spec.scheme.weight));
  weights_ = shared_panels(*operands.weights, source, layouts, matmul_.grid(), operands.weight_sets, [&] {
    const ConstMatrixView original = operands.weights->original().view();
    const Matrix other = same_type(spec, original) ? Matrix() : converted(original, spec.scheme.weight, threads);
    return std::make_shared<const PackedWeights>(
        layouts, matmul_.grid(), same_type(spec, original) ? original : other.view(), operands.weight_sets, threads);
  });
  matmul_.allocate();
}

std::string FloatGemm::kernel() const { return matmul_.implementation() + (plan_.direct ? "" : "+rounding"); }

void FloatGemm::launch_product(int set) {
  const float* bias = bias_.empty() ? nullptr : bias_.data();
  if (plan_.direct) {
    matmul_.run(activations_.data, *weights_, set, bias, d_.data());
  } else {
    matmul_.run(activations_.data, *weights_, set, bias, epilogue_);
  }
}

void FloatGemm::round(const Tile& tile, void* results) {
  const auto size = static_cast<std::int64_t>(size_of(d_.dtype()));
  const auto* from = static_cast<const float*>(results);
  auto* to = static_cast<std::byte*>(d_.data()) + (tile.row * d_.cols() + tile.channel) * size;
  for (std::int64_t r = 0; r < tile.rows; ++r, from += tile.channels, to += d_.cols() * size) {
    round_row(from, tile.channels, d_.dtype(), to);
  }
}

}  // namespace qgemm::onednn
