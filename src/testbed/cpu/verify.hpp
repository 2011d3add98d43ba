#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "accuracy/freivalds.hpp"
#include "accuracy/metrics.hpp"
#include "accuracy/sample.hpp"
#include "accuracy/verdict.hpp"
#include "core/case.hpp"
#include "engine/engine.hpp"

namespace qgemm {

/// The random vectors times one layer's weights, kept for all its products: each costs a pass over the weights.
class LayerProofs {
 public:
  explicit LayerProofs(std::uint64_t seed) : seed_(seed) {}
  const Freivalds& of(const LayerWeights& weights, ScaleGranularity granularity);

 private:
  std::uint64_t seed_;
  std::map<ScaleGranularity, Freivalds> proofs_;
};

/// Checks what `gemm` computed in its last launch (at least one):
/// - int8: the quantized activations of sampled rows and weights of sampled columns against the plain reference, the
///   sampled integer sums against plain ones, all sums by Freivalds' check, and every element of D against its sum;
/// - int8, opaque: the error over the sample, held against that of the plain reference of the same scheme;
/// - float: the sampled elements against the float64 product, within what rounding explains;
/// - all: the error metrics over the sample against `truth`, the unquantized product in float64.
Verdict verify(PreparedGemm& gemm, const GemmSpec& spec, const Operands& operands, const Sample& sample,
               const std::vector<double>& truth, LayerProofs& proofs);

}  // namespace qgemm
