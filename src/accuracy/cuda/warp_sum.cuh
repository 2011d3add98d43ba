#pragma once

namespace qgemm::cuda {

/// The sum over groups of `Lanes` neighbouring lanes (a power of two); all lanes of the warp take part and get their
/// group's.
template <int Lanes = 32, class T>
__device__ T warp_sum(T value) {
#pragma unroll
  for (int distance = Lanes / 2; distance > 0; distance /= 2) value += __shfl_xor_sync(0xffffffffU, value, distance);
  return value;
}

}  // namespace qgemm::cuda
