#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "cuda/device_buffer.hpp"
#include "engine/cuda/device_weights.hpp"
#include "qgemm/result.hpp"
#include "quantize/quantized.hpp"

namespace qgemm::cuda {

/// What one product multiplies on a GPU. Outlives every product prepared from it.
struct DeviceOperands {
  std::shared_ptr<const DeviceWeights> weights;
  /// A[M,K], f32, bf16 or f16: copies of the same values, one an operand set that calls rotate over (≥ 1).
  std::vector<DeviceView> activations;
  /// float32, padded(N) values, each representable in the output type, zeros where padded; null: no bias.
  const float* bias = nullptr;
  /// For `static_scale`, and for `ahead` with a per-tensor scale that is not `dynamic_tensor`.
  std::optional<StaticScale> static_scale;
  /// int8 activations that the caller quantized himself (only schemes with `ActivationQuant::ahead`; `activations` may
  /// then be one view without data); else null.
  const QuantizedActivations* quantized = nullptr;

  /// Whether calls rotate over the sets, so that none is in the cache (cold); else each is used for many calls in turn.
  bool rotate = true;

  int sets() const { return static_cast<int>(activations.size()); }
  /// What they are for each call. A single set that is larger than the cache runs as hot ones do.
  CacheState cache() const { return rotate && sets() > 1 ? CacheState::cold : CacheState::hot; }
};

}  // namespace qgemm::cuda
