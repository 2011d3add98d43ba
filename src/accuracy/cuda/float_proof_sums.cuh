#pragma once
#include <cstdint>

#include "accuracy/cuda/elements.cuh"
#include "accuracy/cuda/warp_sum.cuh"

// The sums of `DeviceFloatProof` that read each matrix once.
namespace qgemm::cuda::float_proof {

inline constexpr int block = 32;

/// ±1 for column n.
__device__ inline float sign_of(std::uint64_t seed, std::int64_t n) {
  std::uint64_t z = seed + (static_cast<std::uint64_t>(n) + 1) * 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return (z >> 63U) != 0 ? -1.0F : 1.0F;
}

/// combined[b,k] = Σ ±w[n,k] and squares[b] += Σ w² over block b's rows: one column a thread, one block of rows a
/// blockIdx.y.
inline constexpr int combine_threads = 256;
template <class T>
__global__ void __launch_bounds__(combine_threads)
    combine_weights(const T* __restrict__ w, std::int64_t stride, std::int64_t n, std::int64_t k_end,
                    std::uint64_t seed, float* combined, float* squares) {
  const std::int64_t k = blockIdx.x * static_cast<std::int64_t>(combine_threads) + threadIdx.x;
  const std::int64_t first = blockIdx.y * static_cast<std::int64_t>(block);
  const int rows = n - first < block ? static_cast<int>(n - first) : block;
  double sum = 0;
  float square = 0;
  if (k < k_end) {
#pragma unroll 8
    for (int i = 0; i < rows; ++i) {
      const float value = to_float32(w[(first + i) * stride + k]);
      sum += static_cast<double>(sign_of(seed, first + i) * value);
      square = fmaf(value, value, square);
    }
    combined[blockIdx.y * k_end + k] = static_cast<float>(sum);
  }
  square = warp_sum(square);
  if (threadIdx.x % 32 == 0) atomicAdd(squares + blockIdx.y, square);
}

/// What a column of D is multiplied by, ±1 over its scale, and its bias. The factor is 0 where the scale is: there D
/// has to be the bias itself.
struct Column {
  double factor;
  float bias;
};

static __global__ void make_columns(std::int64_t n, std::uint64_t seed, const float* scale, int scale_step,
                                    const float* bias, Column* columns) {
  const std::int64_t i = blockIdx.x * static_cast<std::int64_t>(blockDim.x) + threadIdx.x;
  if (i >= n) return;
  const double s = scale == nullptr ? 1.0 : static_cast<double>(scale[i * scale_step]);
  columns[i] = {s == 0 ? 0.0 : static_cast<double>(sign_of(seed, i)) / s, bias == nullptr ? 0.0F : bias[i]};
}

/// squares[m] = Σ a², a row a warp.
template <class T>
__global__ void square_rows(const T* __restrict__ a, std::int64_t stride, std::int64_t rows, std::int64_t cols,
                            float* squares) {
  const std::int64_t m = (blockIdx.x * static_cast<std::int64_t>(blockDim.x) + threadIdx.x) / 32;
  if (m >= rows) return;
  float sum = 0;
  for (std::int64_t k = threadIdx.x % 32; k < cols; k += 32) {
    const float value = to_float32(a[m * stride + k]);
    sum = fmaf(value, value, sum);
  }
  sum = warp_sum(sum);
  if (threadIdx.x % 32 == 0) squares[m] = sum;
}

/// Half a unit in the last place of a value in [1, 2), and the same of the smallest value.
template <class T>
struct HalfUnit;
template <>
struct HalfUnit<float> {
  static constexpr double relative = 0x1p-24, smallest = 0x1p-150;
};
template <>
struct HalfUnit<__nv_bfloat16> {
  static constexpr double relative = 0x1p-8, smallest = 0x1p-134;
};
template <>
struct HalfUnit<__half> {
  static constexpr double relative = 0x1p-11, smallest = 0x1p-25;
};

/// What the elements of a block add to its residual and to the residual's variance.
struct Folded {
  double sum = 0, variance = 0;
};

template <class T>
__device__ void fold_element(Folded& folded, T element, const Column& column, double accumulation_variance) {
  const float value = to_float32(element);
  const double product = (static_cast<double>(value) - static_cast<double>(column.bias)) * column.factor;
  const auto power = static_cast<double>(__uint_as_float(__float_as_uint(value) & 0x7f800000U));
  const double half_unit = fmax(power * HalfUnit<T>::relative, HalfUnit<T>::smallest);
  const double terms = static_cast<double>(4 * 0x1p-24F * (fabsf(value) + 2 * fabsf(column.bias)));
  const double evenly = half_unit * column.factor, roundings = terms * column.factor;
  folded.sum += product;
  folded.variance += evenly * evenly * (1.0 / 3) + roundings * roundings + accumulation_variance * product * product;
  // A weight row of zeros: nothing but the bias may come out.
  if (column.factor == 0 && value != column.bias) folded.sum = __longlong_as_double(0x7ff0000000000000);
}

/// Eight columns a lane, so four lanes a block and eight blocks a warp; eight rows a warp, so that columns are loaded
/// once for all of them. Wide: rows of D are whole, aligned pieces of eight elements.
inline constexpr int fold_threads = 256, lane_columns = 8, warp_rows = 8;
inline constexpr int fold_rows = fold_threads / 32 * warp_rows, fold_columns = 32 * lane_columns;
template <class T, bool Wide>
__global__ void __launch_bounds__(fold_threads)
    fold_results(const T* __restrict__ d, std::int64_t stride, std::int64_t rows, std::int64_t n,
                 const Column* __restrict__ columns, double accumulation_variance, std::int64_t blocks, Folded* out) {
  struct alignas(16) Piece {
    T values[lane_columns];
  };
  const std::int64_t first = blockIdx.x * static_cast<std::int64_t>(fold_columns) + threadIdx.x % 32 * lane_columns;
  const std::int64_t row = blockIdx.y * static_cast<std::int64_t>(fold_rows) + threadIdx.x / 32 * warp_rows;
  Column mine[lane_columns];
#pragma unroll
  for (int i = 0; i < lane_columns; ++i) mine[i] = first + i < n ? columns[first + i] : Column{0, 0};
  for (int r = 0; r < warp_rows && row + r < rows; ++r) {
    const T* from = d + (row + r) * stride + first;
    Folded folded;
    if (Wide && first < n) {
      const Piece piece = *reinterpret_cast<const Piece*>(from);
#pragma unroll
      for (int i = 0; i < lane_columns; ++i) {
        fold_element(folded, piece.values[i], mine[i], accumulation_variance);
      }
    } else {
#pragma unroll
      for (int i = 0; i < lane_columns; ++i) {
        if (first + i < n) fold_element(folded, from[i], mine[i], accumulation_variance);
      }
    }
    folded.sum = warp_sum<block / lane_columns>(folded.sum);
    folded.variance = warp_sum<block / lane_columns>(folded.variance);
    if (first < n && first % block == 0) out[(row + r) * blocks + first / block] = folded;
  }
}

}  // namespace qgemm::cuda::float_proof
