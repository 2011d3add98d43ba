#include "engine/operands.hpp"

#include "qgemm/error.hpp"
#include "quantize/weights.hpp"

namespace qgemm {

LayerWeights::LayerWeights(Matrix original, ScaleSource scales)
    : n_(original.rows()), k_(original.cols()), original_(std::move(original)), scales_(scales) {}

LayerWeights::LayerWeights(Matrix original, ScaleSource scales, QuantizedWeights stored)
    : LayerWeights(std::move(original), scales) {
  give(std::move(stored));
}

LayerWeights::LayerWeights(QuantizedWeights quantized) : n_(quantized.values.rows()), k_(quantized.values.cols()) {
  give(std::move(quantized));
}

void LayerWeights::give(QuantizedWeights quantized) {
  given_ = quantized.scales.size() == 1 ? ScaleGranularity::per_tensor : ScaleGranularity::per_channel;
  quantized_.emplace(*given_, std::move(quantized));
}

const Matrix& LayerWeights::original() const {
  if (!original_) throw InvalidInput("these weights are int8 already: a float product needs the original ones");
  return *original_;
}

const QuantizedWeights& LayerWeights::quantized(ScaleGranularity granularity) const {
  if (const auto found = quantized_.find(granularity); found != quantized_.end()) return found->second;
  if (!original_) {
    throw InvalidInput(
        "these weights were quantized by the caller with another granularity than the provider asks for");
  }
  const Matrix& original = *original_;
  return quantized_.emplace(granularity, quantize_weights(original.view(), granularity, scales_)).first->second;
}

}  // namespace qgemm
