#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <optional>

#include "cuda/device_buffer.hpp"
#include "qgemm/scheme.hpp"
#include "quantize/quantized.hpp"

namespace qgemm::cuda {

/// Tensor cores and the copy engine take rows of whole 16-byte pieces: quantized matrices have their K (and weights
/// their N) rounded up to this many elements, filled with zeros, which adds nothing to any sum.
inline constexpr std::int64_t operand_alignment = 16;
inline std::int64_t padded(std::int64_t extent) {
  return (extent + operand_alignment - 1) / operand_alignment * operand_alignment;
}

/// Weights W[N,K] quantized to s8 or e4m3, in device memory, padded to [N', K'].
struct DeviceQuantizedWeights {
  std::int64_t n = 0, k = 0;  ///< Without padding.
  DeviceMatrix values;        ///< [N', K'], zeros where padded.
  DeviceBuffer scales;        ///< float32: 1 (per tensor), or N' (per channel; 0 where padded).
  DeviceBuffer colsum;        ///< int32 N': Σₖ q[n,k]; s8 only.
  ScaleGranularity granularity = ScaleGranularity::per_tensor;
};

/// Quantizes `w` [N,K] (f32, bf16, f16) to `type` (s8: scale = absmax/127, e4m3: absmax/448; per tensor with
/// `ScaleSource::constant`: 1.0), bit for bit as the plain reference does. Ends before it returns. Throws
/// `InvalidInput` for NaN or infinity, naming the row.
DeviceQuantizedWeights quantize_weights(const DeviceView& w, DType type, ScaleGranularity granularity,
                                        ScaleSource source, cudaStream_t stream);

/// Weights that were quantized elsewhere (s8, e4m3), copied to the device and padded; the colsum of s8 is taken anew.
DeviceQuantizedWeights upload_weights(const QuantizedWeights& weights);

/// Activations A[M,K] quantized to s8 or e4m3, in device memory: value ≈ (q − azp) · scale.
struct DeviceActivations {
  DeviceMatrix values;   ///< [M, K'], zeros where padded.
  std::int64_t k = 0;    ///< Without padding.
  DeviceBuffer scales;   ///< float32: 1 (per tensor) or M (per token).
  DeviceBuffer azp;      ///< int32: none (symmetric), 1 or M.
  DeviceBuffer bad_row;  ///< uint32: the first row with NaN or infinity met so far; 0xffffffff: none.
  DeviceBuffer scratch;  ///< What per-tensor reductions need between their passes.
};

/// Room for what `scheme` makes of [M,K], padding zeroed, `bad_row` cleared. `given`: the scale of static schemes, put
/// into `scales` and `azp` here, once.
DeviceActivations allocate_activations(const Scheme& scheme, std::int64_t m, std::int64_t k,
                                       const std::optional<StaticScale>& given, cudaStream_t stream);

/// Enqueues the quantization of `a` [M,K] (f32, bf16, f16) by the scheme's rule (int8: qgemm/quantize.hpp; e4m3: scale
/// = absmax/448, q = the nearest e4m3 of x/scale, half to even, saturated at ±448), bit for bit as the plain reference
/// does. Rows with NaN or infinity are noted in `bad_row`. Allocates nothing; may be captured into a graph.
void enqueue_quantize(const Scheme& scheme, const DeviceView& a, DeviceActivations& out, cudaStream_t stream);

/// Waits for `stream` and throws `InvalidInput` naming the row where NaN or infinity was met since allocation.
void check_activations(const DeviceActivations& activations, cudaStream_t stream);

/// The per-tensor scale (and zero point, where the scheme has one) of `a`: from its absmax or range, or the
/// constant 1.0. Waits for `stream`.
StaticScale calibrate(const Scheme& scheme, const DeviceView& a, ScaleSource source, cudaStream_t stream);

/// Copies of the values (s8 or e4m3, without padding), scales and zero points for checks on the CPU. Waits for the
/// device.
QuantizedActivations download(const DeviceActivations& activations);

/// Enqueues `to` = `from` rounded to the type of `to` (f32, bf16, f16; half to even), or widened; sizes have to agree.
void enqueue_convert(const DeviceView& from, const DeviceView& to, cudaStream_t stream);

}  // namespace qgemm::cuda
