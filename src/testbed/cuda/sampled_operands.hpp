#pragma once
#include <cuda_runtime_api.h>

#include "engine/cuda/device_weights.hpp"
#include "qgemm/matrix.hpp"
#include "qgemm/scheme.hpp"

namespace qgemm::cuda {

/// Copies on the host of the rows that `row_sample` chooses, without padding, of what a product of `scheme` multiplies:
/// the codes of a quantized one, the original of a float one. Complete when the call returns. Throw `OutOfMemory`,
/// `DeviceLost`.
Matrix sampled_weights(const Scheme& scheme, const DeviceWeights& weights);
/// Of A[M,K] (bf16), quantized on `stream`; `source` is that of the static schemes' scale.
Matrix sampled_activations(const Scheme& scheme, const DeviceView& a, ScaleSource source, cudaStream_t stream);

}  // namespace qgemm::cuda
