#pragma once
#include <any>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "qgemm/matrix.hpp"
#include "quantize/quantized.hpp"

namespace qgemm {

/// The weights W[N,K] of one layer, shared by all providers and batch sizes of it: the original, its quantized forms
/// and whatever the engines packed, each made once. Not thread-safe.
class LayerWeights {
 public:
  /// `original`: f32, bf16 or f16 [N,K].
  LayerWeights(Matrix original, ScaleSource scales);
  /// `stored`: the int8 weights of a checkpoint, of which `original` is what they stand for. They are the form of their
  /// granularity; the other one is quantized from `original`.
  LayerWeights(Matrix original, ScaleSource scales, QuantizedWeights stored);
  /// Weights that are int8 already (a checkpoint's, or the caller's); there is no original then.
  explicit LayerWeights(QuantizedWeights quantized);

  std::int64_t n() const { return n_; }
  std::int64_t k() const { return k_; }
  /// Where the scale of per-tensor forms comes from.
  ScaleSource scale_source() const { return scales_; }
  bool has_original() const { return original_.has_value(); }
  /// Whether this form was given and not quantized from the original.
  bool is_given(ScaleGranularity granularity) const { return given_ == granularity; }
  /// Throws `InvalidInput` where only quantized weights were given.
  const Matrix& original() const;
  /// Quantized on first use. Throws `InvalidInput` for NaN or infinity in the weights, or where the caller's own
  /// quantized weights have another granularity.
  const QuantizedWeights& quantized(ScaleGranularity granularity) const;

  /// The object an engine packed under `key` ("onednn/s8/tensor/…"), made by `make` on first use. Engines put all that
  /// the packed form depends on into the key, so that providers and batch sizes that can share do.
  template <class T>
  std::shared_ptr<T> packed(const std::string& key, const std::function<std::shared_ptr<T>()>& make) const {
    std::any& slot = packed_[key];
    if (!slot.has_value()) slot = make();
    return std::any_cast<std::shared_ptr<T>>(slot);
  }
  /// Forgets what engines packed and no prepared product uses any more.
  void drop_packed() { packed_.clear(); }

 private:
  void give(QuantizedWeights quantized);

  std::int64_t n_ = 0, k_ = 0;
  std::optional<Matrix> original_;
  std::optional<ScaleGranularity> given_;
  ScaleSource scales_ = ScaleSource::absmax;
  mutable std::map<ScaleGranularity, QuantizedWeights> quantized_;
  mutable std::map<std::string, std::any> packed_;
};

/// What one product multiplies. Shared by the providers of a point; outlives every `PreparedGemm` made from it.
struct Operands {
  std::shared_ptr<const LayerWeights> weights;
  /// A[M,K], f32, bf16 or f16: what the model hands over. May be absent (`data` null) where `quantized` is given.
  ConstMatrixView activations;
  /// int8 activations that the caller quantized himself (only schemes with `ActivationQuant::ahead`); else null.
  const QuantizedActivations* quantized = nullptr;
  /// One value an output channel, N of them, each representable in the output type; empty: no bias.
  std::vector<float> bias;
  /// For `static_scale`, and for `ahead` with a per-tensor scale that is not `dynamic_tensor`.
  std::optional<StaticScale> static_scale;
  /// Rotated copies of the packed weights (≥ 1); `launch(set)` uses copy `set`.
  int weight_sets = 1;
};

}  // namespace qgemm
