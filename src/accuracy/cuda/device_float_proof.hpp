#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <optional>

#include "cuda/device_buffer.hpp"

namespace qgemm::cuda {

/// Freivalds' idea for float products, whose sums are rounded: D·x = A·(Wᵀ·x) within what rounding explains, for a
/// random ±1 vector x on each block of 32 columns. The fewer columns share a residual, the smaller the error that
/// stands out of their roundings, and the more is computed: M·N·K/32 multiply-adds.
///
/// What is allowed is eight standard deviations of the residual, since signs at random make errors a random walk, out
/// of
///   - half a unit in the last place of each element of D, evenly spread, and four float32 roundings of its terms;
///   - the accumulation, γ·√(sum² + |a|²·|w|²/K) an element, the size of partial sums. γ = 2⁻²⁴·(8 + K/8) for float32
///     sums. Hopper's tensor cores align e4m3 products to the largest and keep 13 fraction bits, which loses up to 2⁻¹³
///     of the sum a product, a random walk again: γ = 2⁻¹⁴·√K.
/// For K = 4096 and bf16 results that makes errors of about 0.1 (bf16 operands) or 0.3 (e4m3) standard deviations of D
/// stand out, in a single element.
class DeviceFloatProof {
 public:
  static constexpr std::int64_t block = 32;

  /// `w` [N,K]: e4m3, bf16, f16 or f32, as it is multiplied (quantized values without their scales). O(N·K), once for
  /// all products with these weights. Enqueued: `w` has to live on until `stream` has passed it, and a check on another
  /// stream has to wait for that. Throws `InvalidInput` for other types.
  DeviceFloatProof(const DeviceView& w, std::uint64_t seed, cudaStream_t stream);

  /// Columns [n_first, n_last] of row m: the residual is larger than allowed (or NaN, or infinite), in units
  /// of D without its weights' scales.
  struct Wrong {
    std::int64_t m = 0, n_first = 0, n_last = 0;
    double residual = 0, allowed = 0;
  };

  /// The first row and block of `d` [M,N] (bf16, f16, f32) that is not s_a·s_w·(A·Wᵀ) + bias; none where all are. `a`
  /// [M,K] as multiplied; `scale_a`: M (`per_row`) or 1 float32, `scale_w`: N (`per_channel`) or 1, null for unscaled
  /// products; `bias`: N float32 or null; all in device memory. An infinity in D counts as wrong. Waits for `stream`.
  /// Throws `InvalidInput` for matrices that do not fit, `OutOfMemory` (it takes up to 2·N KiB).
  std::optional<Wrong> first_wrong(const DeviceView& a, const float* scale_a, bool per_row, const float* scale_w,
                                   bool per_channel, const float* bias, const DeviceView& d, cudaStream_t stream) const;

 private:
  std::int64_t n_ = 0, k_ = 0, blocks_ = 0;
  std::uint64_t seed_ = 0;
  DeviceMatrix combined_;   // f32 [N/32, K]: Σ ±w over the block's rows
  DeviceBuffer w_squares_;  // float32 N/32: Σ w² over the block's rows
};

}  // namespace qgemm::cuda
