#include "testbed/stored_operands.hpp"

#include <algorithm>
#include <utility>

#include "plan/plan.hpp"
#include "qgemm/error.hpp"
#include "quantize/weights.hpp"
#include "testbed/row_outcome.hpp"
#include "weights/layer_share.hpp"

namespace qgemm {
namespace {

/// value[n,k] = q[n,k]·scale[n].
Matrix dequantized(const StoredWeight& stored) {
  const Matrix& codes = stored.weight;
  Matrix values(DType::f32, codes.rows(), codes.cols());
  const ConstMatrixView from = codes.view();
#pragma omp parallel for schedule(static)
  for (std::int64_t n = 0; n < codes.rows(); ++n) {
    const float scale = stored.scales[static_cast<std::size_t>(n)];
    auto* to = values.row<float>(n);
    for (std::int64_t k = 0; k < codes.cols(); ++k) to[k] = element(from, n, k) * scale;
  }
  return values;
}

}  // namespace

StoredOperands::StoredOperands(const SweepOptions& options)
    : rank_(options.rank),
      decoder_layer_(options.decoder_layer),
      model_(load_model_config(options.weights)),
      checkpoint_(options.weights) {
  if (decoder_layer_ < 0) decoder_layer_ = model_.decoder_layers / 2;
  if (!options.activations.empty()) recorded_.emplace(options.activations);
}

void StoredOperands::check(const std::vector<Point>& points) const {
  const Point* before = nullptr;
  for (const Point& point : points) {
    if (before != nullptr && before->layer == point.layer && before->tp == point.tp) continue;
    before = &point;
    check_weight(checkpoint_, model_, layer(point), decoder_layer_, point.tp, rank_);
    if (recorded_) read_activations(*recorded_, model_, layer(point), decoder_layer_, 1, point.tp, rank_);
  }
}

LayerWeight StoredOperands::weight(const Point& point) const {
  StoredWeight stored = read_weight(checkpoint_, model_, layer(point), decoder_layer_, point.tp, rank_);
  if (!is_quantized(stored.weight.dtype())) return {std::move(stored.weight), std::nullopt};
  LayerWeight read{dequantized(stored), QuantizedWeights{}};
  QuantizedWeights& quantized = *read.quantized;
  quantized.values = std::move(stored.weight);
  quantized.scales = std::move(stored.scales);
  const auto& scales = quantized.scales;
  const bool same = std::all_of(scales.begin(), scales.end(), [&](float scale) { return scale == scales.front(); });
  if (same) quantized.scales.resize(1);
  if (quantized.values.dtype() == DType::s8) quantized.colsum = column_sums(std::as_const(quantized.values).view());
  return read;
}

std::optional<StoredActivations> StoredOperands::activations(const Point& point) const {
  if (!recorded_) return std::nullopt;
  return read_activations(*recorded_, model_, layer(point), decoder_layer_, point.shape.m, point.tp, rank_);
}

std::string StoredOperands::origin(bool weights, const std::string& random) const {
  if (weights) return "checkpoint";
  return recorded_ ? "recorded" : random;
}

std::int64_t StoredOperands::extra_bytes(const Point& point) const {
  const DType type = check_weight(checkpoint_, model_, layer(point), decoder_layer_, point.tp, rank_);
  const std::int64_t elements = point.shape.n * point.shape.k;
  return is_quantized(type) ? 3 * elements : (static_cast<std::int64_t>(size_of(type)) - 2) * elements;
}

const Layer& StoredOperands::layer(const Point& point) const {
  const auto found = std::find_if(model_.layers.begin(), model_.layers.end(),
                                  [&](const Layer& layer) { return layer.name == point.layer; });
  if (found == model_.layers.end()) throw InvalidInput(model_.name + " has no layer " + point.layer);
  return *found;
}

void note_repeated_tokens(const std::vector<PlannedRow*>& rows, std::int64_t recorded, std::int64_t m) {
  if (recorded >= m) return;
  for (PlannedRow* planned : rows) {
    if (planned->row.measured())
      add_message(planned->row, "the " + std::to_string(recorded) + " recorded tokens come again and again");
  }
}

}  // namespace qgemm
