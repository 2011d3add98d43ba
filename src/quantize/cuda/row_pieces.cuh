#pragma once
#include <cstdint>
#include <type_traits>

#include "quantize/cuda/codes.cuh"
#include "quantize/cuda/exact_divisor.cuh"
#include "quantize/cuda/row_kernels.hpp"

namespace qgemm::cuda {

/// The product that was launched programmatically after this kernel may start: it waits for this kernel's end before it
/// reads what is written here. Nothing happens where none was.
inline __device__ void let_product_start() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;\n" ::: "memory");
#endif
}

/// The row that this thread works on; may lie past the last one.
inline __device__ std::int64_t row_of_thread() {
  return static_cast<std::int64_t>(blockIdx.x) * blockDim.y + threadIdx.y;
}

/// Of the `held` pieces that a thread takes of a row from piece `first` on, the i-th: neighbours take neighbours.
inline __device__ int piece_index(int first, int i) {
  return first + static_cast<int>(threadIdx.x) + i * static_cast<int>(blockDim.x);
}

/// The thread's pieces of a row of `count`. Past the end it gets the last piece once more, which changes no extent.
template <class In, int held>
__device__ void load_pieces(const In* x, int first, int count, uint4 (&pieces)[held]) {
  const auto* from = reinterpret_cast<const uint4*>(x);
#pragma unroll
  for (int i = 0; i < held; ++i) pieces[i] = __ldg(from + min(piece_index(first, i), count - 1));
}

/// The codes of a piece: 8 bytes (16-bit floats), or 4 in `x`.
template <class In, Code code, bool ranged, class Quotient>
__device__ uint2 piece_codes(const uint4& piece, int azp, const Quotient& quotient) {
  float x[Input<In>::count];
  Input<In>::unpack(piece, x);
#pragma unroll
  for (float& value : x) value = quotient(value);
  uint2 codes{four_codes<code, ranged>(x[0], x[1], x[2], x[3], azp), 0};
  if constexpr (Input<In>::count == 8) codes.y = four_codes<code, ranged>(x[4], x[5], x[6], x[7], azp);
  return codes;
}

/// Stores the codes of what `load_pieces` has loaded.
template <class In, Code code, bool ranged, int held, class Quotient>
__device__ void store_pieces(const uint4 (&pieces)[held], int first, int count, std::uint8_t* q, int azp,
                             const Quotient& quotient) {
#pragma unroll
  for (int i = 0; i < held; ++i) {
    const int index = piece_index(first, i);
    if (index >= count) return;
    const uint2 codes = piece_codes<In, code, ranged>(pieces[i], azp, quotient);
    if constexpr (Input<In>::count == 4) {
      reinterpret_cast<std::uint32_t*>(q)[index] = codes.x;
    } else {
      reinterpret_cast<uint2*>(q)[index] = codes;
    }
  }
}

/// The codes of a row one by one: for scales that the fast division excludes, and rows that are not aligned.
template <class In, Code code>
__device__ __noinline__ void quantize_elements(const In* x, std::int64_t count, std::uint8_t* q, RowScale by) {
  for (std::int64_t i = threadIdx.x; i < count; i += blockDim.x) q[i] = one_code<code>(Input<In>::to_float(x[i]), by);
}

/// Whether a row can be divided and rounded by the fast instructions (`four_codes`, `ExactDivisor`).
template <Code code>
__device__ bool is_ordinary(const ExactDivisor& divisor, const RowScale& by) {
  // A zero scale gives +0, whatever the sign; the integer codes have only one zero.
  if (code == Code::e4m3 && by.scale == 0.0F) return false;
  return divisor.works() && by.azp >= -(1 << 20) && by.azp <= 1 << 20;
}

/// Limits of x for a scale that was not made of them. Past a limit x has the limit's code, the last one on its side,
/// and short of it a quotient that `four_codes` takes.
///
/// To integers without a zero point (`ranged`) they are the `In` nearest to 127·scale and −128·scale: neighbouring bf16
/// have quotients there that are at most 1 apart, so the nearest ones have the codes 127 and −128
/// (tests/unit/exact_division_test.cpp tries every scale). Elsewhere ±2²¹·scale, past all codes.
template <class In>
class Limits {
 public:
  __device__ Limits(float scale, bool ranged)
      : low_(Input<In>::both((ranged ? -128.0F : -0x1p21F) * scale)),
        high_(Input<In>::both((ranged ? 127.0F : 0x1p21F) * scale)) {}

  /// Whether an `In` is fine enough where the limits are: subnormal f16 are not.
  static __device__ bool work(float scale) {
    return !std::is_same_v<In, __half> || scale == 0.0F || 127.0F * scale >= 0x1p-14F;
  }
  /// Whether none of what `seen` has taken (magnitudes) is past a limit.
  __device__ bool hold(const ExtentOf<In, false>& seen) const {
    return from_ordered(seen.get().high) <= Input<In>::low(high_);
  }
  __device__ uint4 limited(const uint4& piece) const { return Input<In>::between(piece, low_, high_); }

 private:
  typename Input<In>::Pair low_, high_;
};

}  // namespace qgemm::cuda
