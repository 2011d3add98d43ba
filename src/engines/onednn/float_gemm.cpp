#include "engines/onednn/float_gemm.hpp"

#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "engines/onednn/convert_rows.hpp"

namespace qgemm::onednn {
namespace {

bool same_type(const GemmSpec& spec, const ConstMatrixView& operand) { return operand.dtype == spec.scheme.weight; }

bool usable_as_is(const GemmSpec& spec, const ConstMatrixView& activations) {
  return same_type(spec, activations) && activations.stride == activations.cols;
}

}  // namespace

TiledMatmul::Plan FloatGemm::plan(const GemmSpec& spec, int threads) {
  const DType operand = spec.scheme.weight, output = spec.scheme.output;
  return {.shape = spec.shape,
          .operand = operand,
          .result = output == operand ? output : DType::f32,
          .bias = spec.bias,
          .threads = threads};
}

FloatGemm::FloatGemm(const GemmSpec& spec, const Operands& operands, int threads)
    : own_activations_(usable_as_is(spec, operands.activations)
                           ? Matrix()
                           : converted(operands.activations, spec.scheme.weight, threads)),
      activations_(usable_as_is(spec, operands.activations) ? operands.activations.data : own_activations_.data()),
      plan_(plan(spec, threads)),
      matmul_(plan_),
      bias_(operands.bias),
      d_(spec.scheme.output, spec.shape.m, spec.shape.n),
      epilogue_([this](const Tile& tile, const void* results) { store(tile, results); }) {
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

std::string FloatGemm::kernel() const {
  return matmul_.implementation() + (plan_.result == d_.dtype() ? "" : "+rounding");
}

void FloatGemm::store(const Tile& tile, const void* results) {
  const auto size = static_cast<std::int64_t>(size_of(d_.dtype()));
  const std::int64_t from_size = tile.channels * static_cast<std::int64_t>(size_of(plan_.result));
  const auto* from = static_cast<const std::byte*>(results);
  auto* to = static_cast<std::byte*>(d_.data()) + (tile.row * d_.cols() + tile.channel) * size;
  for (std::int64_t r = 0; r < tile.rows; ++r, from += from_size, to += d_.cols() * size) {
    if (plan_.result == d_.dtype()) {
      std::memcpy(to, from, static_cast<std::size_t>(from_size));
    } else {
      round_row(reinterpret_cast<const float*>(from), tile.channels, d_.dtype(), to);
    }
  }
}

}  // namespace qgemm::onednn
