#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <optional>

#include "cuda/device_buffer.hpp"
#include "quantize/cuda/device_quantize.hpp"

namespace qgemm::cuda {

/// Freivalds' check of whole integer products on the device: C·x = A·(Wᵀ·x) modulo 2⁶⁴ for a random vector x of 64-bit
/// integers, as `qgemm::Freivalds` does on the CPU. A row of sums that is wrong passes with a probability below 2⁻³¹.
class DeviceFreivalds {
 public:
  /// O(N·K), once for all products with these s8 weights. Enqueued: the weights have to live on until `stream` has
  /// passed it, and a check on another stream has to wait for that. Throws `InvalidInput` for other weights.
  DeviceFreivalds(const DeviceQuantizedWeights& w, std::uint64_t seed, cudaStream_t stream);

  /// The first row of `sums` (s32 [M,N]) that is not A·Wᵀ; none where all are. Waits for `stream`. Throws
  /// `InvalidInput` for matrices that do not fit the weights.
  std::optional<std::int64_t> first_wrong_row(const DeviceActivations& a, const DeviceView& sums,
                                              cudaStream_t stream) const;

 private:
  std::int64_t n_ = 0, k_ = 0, padded_k_ = 0;
  DeviceBuffer x_, wx_, wrong_;
};

}  // namespace qgemm::cuda
