#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "cuda/device_buffer.hpp"
#include "quantize/cuda/device_quantize.hpp"

namespace qgemm::cuda {

/// The weights W[N,K] of one layer in device memory, shared by all providers and batch sizes of it: the original, its
/// quantized forms, and their copies, each made once, on the stream given here. Not thread-safe.
class DeviceWeights {
 public:
  /// `original`: f32, bf16 or f16 [N,K].
  DeviceWeights(DeviceMatrix original, ScaleSource scales, cudaStream_t stream);
  /// `stored`: the quantized weights of a checkpoint, of which `original` is what they stand for. They are the form of
  /// their type and granularity; the others are quantized from `original`.
  DeviceWeights(DeviceMatrix original, ScaleSource scales, DeviceQuantizedWeights stored, cudaStream_t stream);
  /// Weights that are int8 already; there is no original then.
  DeviceWeights(DeviceQuantizedWeights quantized, cudaStream_t stream);

  std::int64_t n() const { return n_; }
  std::int64_t k() const { return k_; }
  bool has_original() const { return original_.has_value(); }
  /// Whether this form was given and not quantized from the original.
  bool is_given(DType type, ScaleGranularity granularity) const { return given_ == std::pair(type, granularity); }
  /// Throws `InvalidInput` where only quantized weights were given.
  const DeviceMatrix& original() const;
  /// The original, rounded to `type` (bf16, f16, f32).
  DeviceView as(DType type) const;
  /// Quantized on first use to s8 or e4m3. Throws `InvalidInput` for NaN or infinity in the weights, or where the
  /// caller's own quantized weights have another granularity.
  const DeviceQuantizedWeights& quantized(DType type, ScaleGranularity granularity) const;

  /// Copy `set` of `form` (what `as` or the values of `quantized` gave; set 0 is the form itself), made on first use.
  DeviceView copy(const DeviceView& form, int set) const;
  /// Forgets the copies that no prepared product uses any more, and converted forms.
  void drop_copies();
  /// Device memory of all forms and copies.
  std::int64_t held_bytes() const;

 private:
  using Form = std::pair<DType, ScaleGranularity>;
  void give(DeviceQuantizedWeights quantized);

  std::int64_t n_ = 0, k_ = 0;
  std::optional<DeviceMatrix> original_;
  std::optional<Form> given_;
  ScaleSource scales_ = ScaleSource::absmax;
  cudaStream_t stream_ = nullptr;
  mutable std::map<DType, DeviceMatrix> converted_;
  mutable std::map<Form, DeviceQuantizedWeights> quantized_;
  mutable std::map<std::pair<const void*, int>, DeviceMatrix> copies_;
};

}  // namespace qgemm::cuda
