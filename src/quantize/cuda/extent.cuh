#pragma once
#include <cstdint>
#include <limits>

#include "quantize/cuda/input_types.cuh"

namespace qgemm::cuda {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr int infinity_bits = 0x7f800000;

/// Floats as integers of the same order, so that one integer instruction reduces a warp. The NaN that max.NaN makes is
/// past infinity.
inline __device__ int ordered(float x) {
  const int bits = __float_as_int(x);
  return bits ^ ((bits >> 31) & 0x7fffffff);
}
inline __device__ float from_ordered(int i) { return __int_as_float(i ^ ((i >> 31) & 0x7fffffff)); }

inline __device__ float max_or_nan(float a, float b) {
  float larger;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(larger) : "f"(a), "f"(b));
  return larger;
}
inline __device__ float min_or_nan(float a, float b) {
  float smaller;
  asm("min.NaN.f32 %0, %1, %2;" : "=f"(smaller) : "f"(a), "f"(b));
  return smaller;
}

/// What a scale depends on, as `ordered` integers: the largest magnitude in `high` (symmetric; `low` is unused), or
/// smallest and largest. NaN or infinity among the values makes `high` or `low` one.
struct Extent {
  int low, high;
};

template <bool azp>
__device__ bool is_finite(const Extent& extent) {
  return extent.high < infinity_bits && (!azp || from_ordered(extent.low) > -infinity);
}

template <bool azp>
__device__ Extent merged(const Extent& a, const Extent& b) {
  return {azp ? min(a.low, b.low) : 0, max(a.high, b.high)};
}

/// The extent of what one thread has seen: 16-bit floats are compared in pairs as they are.
template <class In, bool azp>
class ExtentOf {
 public:
  __device__ void take(const uint4& piece) {
    const std::uint32_t words[4] = {piece.x, piece.y, piece.z, piece.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) take_pair(Input<In>::pair(words[i]));
  }
  __device__ void take_one(In x) { take_pair({x, x}); }
  __device__ Extent get() const {
    const Extent first{azp ? ordered(Input<In>::low(low_)) : 0, ordered(Input<In>::low(high_))};
    const Extent second{azp ? ordered(Input<In>::high(low_)) : 0, ordered(Input<In>::high(high_))};
    return merged<azp>(first, second);
  }

 private:
  using Pair = typename Input<In>::Pair;
  __device__ void take_pair(Pair pair) {
    if constexpr (azp) low_ = __hmin2_nan(low_, pair);
    high_ = __hmax2_nan(high_, azp ? pair : __habs2(pair));
  }
  Pair low_ = Input<In>::both(infinity);
  Pair high_ = Input<In>::both(azp ? -infinity : 0.0F);
};

template <bool azp>
class ExtentOf<float, azp> {
 public:
  __device__ void take(const uint4& piece) {
    take_one(__uint_as_float(piece.x)), take_one(__uint_as_float(piece.y));
    take_one(__uint_as_float(piece.z)), take_one(__uint_as_float(piece.w));
  }
  __device__ void take_one(float x) {
    if constexpr (azp) low_ = min_or_nan(low_, x);
    high_ = max_or_nan(high_, azp ? x : fabsf(x));
  }
  __device__ Extent get() const { return {azp ? ordered(low_) : 0, ordered(high_)}; }

 private:
  float low_ = infinity, high_ = azp ? -infinity : 0.0F;
};

template <bool azp>
__device__ Extent warp_extent(Extent extent) {
  if constexpr (azp) extent.low = __reduce_min_sync(0xffffffffU, extent.low);
  extent.high = __reduce_max_sync(0xffffffffU, extent.high);
  return extent;
}

/// The extent over the blockDim.x threads (whole warps) of each threadIdx.y, given to all of them. All threads of the
/// block call it; `slots` is shared memory for a block's warps.
template <bool azp>
__device__ Extent row_extent(Extent extent, Extent (&slots)[32]) {
  extent = warp_extent<azp>(extent);
  if (blockDim.x == 32) return extent;
  const unsigned lane = threadIdx.x % 32, warps = blockDim.x / 32, first = threadIdx.y * warps;
  if (lane == 0) slots[first + threadIdx.x / 32] = extent;
  __syncthreads();
  // Idle lanes repeat a slot, which changes no extreme.
  return warp_extent<azp>(slots[first + (lane < warps ? lane : 0)]);
}

}  // namespace qgemm::cuda
