#pragma once
#include <cstdint>

#include "accuracy/cuda/elements.cuh"
#include "accuracy/cuda/first_index.cuh"
#include "accuracy/cuda/float_proof_sums.cuh"

// A·(Wᵀ·x) of `DeviceFloatProof`, compared with D·x where it is made.
namespace qgemm::cuda::float_proof {

inline constexpr double deviations_allowed = 8;

/// What the comparison reads besides the operands; rows count from the first of this launch.
struct Comparison {
  const float* scale_a = nullptr;  // null: 1
  int scale_a_step = 0;
  const float* a_squares = nullptr;
  const float* w_squares = nullptr;
  double accumulation_variance = 0;  // γ²/K
  std::int64_t first_row = 0;        // of all of D
  Folded* folded = nullptr;          // [rows, blocks]; afterwards the residual and what is allowed
};

/// A tile of 64×64 results a block of 256 threads, 4×4 a thread, 32 deep. Products of one tile are summed in float32,
/// the tiles in float64.
inline constexpr int product_threads = 256, tile = 64, depth = 32, per_thread = 4;

template <class A>
class Tiles {
 public:
  __device__ Tiles(const A* a, std::int64_t a_stride, int rows, const float* w, int blocks, int k_end)
      : a_(a), w_(w), a_stride_(a_stride), k_end_(k_end), rows_(rows), blocks_(blocks) {}

  /// Loads this thread's part of the tile that starts at column k into registers.
  __device__ void load(int k) {
    const int column = k + static_cast<int>(threadIdx.x % depth);
    const bool inside = column < k_end_;
#pragma unroll
    for (int i = 0; i < loads; ++i) {
      // Rows past the end repeat the last: their results are not used.
      const std::int64_t r = min(static_cast<int>(blockIdx.y) * tile + row(i), rows_ - 1);
      const std::int64_t b = min(static_cast<int>(blockIdx.x) * tile + row(i), blocks_ - 1);
      a_values_[i] = inside ? to_float32(a_[r * a_stride_ + column]) : 0.0F;
      w_values_[i] = inside ? w_[b * k_end_ + column] : 0.0F;
    }
  }
  template <class Shared>
  __device__ void store(Shared& a, Shared& w) const {
#pragma unroll
    for (int i = 0; i < loads; ++i) {
      a[row(i)][threadIdx.x % depth] = a_values_[i];
      w[row(i)][threadIdx.x % depth] = w_values_[i];
    }
  }

 private:
  static constexpr int loads = tile * depth / product_threads;
  __device__ static int row(int i) { return static_cast<int>(threadIdx.x) / depth + i * (product_threads / depth); }

  const A* a_;
  const float* w_;
  std::int64_t a_stride_;
  int k_end_, rows_, blocks_;
  float a_values_[loads], w_values_[loads];
};

template <class A>
__global__ void __launch_bounds__(product_threads, 2)
    compare_products(const A* __restrict__ a, std::int64_t a_stride, int rows, const float* __restrict__ w, int blocks,
                     int k_end, Comparison c, FirstIndex wrong) {
  // Four floats more a row: a quarter-warp's reads of 16 bytes from neighbouring rows meet no bank twice.
  __shared__ alignas(16) float a_tile[tile][depth + 4], w_tile[tile][depth + 4];
  const int x = static_cast<int>(threadIdx.x) % 16, y = static_cast<int>(threadIdx.x) / 16;
  double total[per_thread][per_thread] = {};
  Tiles<A> tiles(a, a_stride, rows, w, blocks, k_end);
  tiles.load(0);
  for (int k = 0; k < k_end; k += depth) {
    __syncthreads();
    tiles.store(a_tile, w_tile);
    __syncthreads();
    if (k + depth < k_end) tiles.load(k + depth);
    float sum[per_thread][per_thread] = {};
#pragma unroll 4
    for (int q = 0; q < depth; q += 4) {
      float4 right[per_thread];
#pragma unroll
      for (int j = 0; j < per_thread; ++j) right[j] = *reinterpret_cast<const float4*>(&w_tile[x + 16 * j][q]);
#pragma unroll
      for (int i = 0; i < per_thread; ++i) {
        const float4 left = *reinterpret_cast<const float4*>(&a_tile[y + 16 * i][q]);
#pragma unroll
        for (int j = 0; j < per_thread; ++j) {
          sum[i][j] = fmaf(left.x, right[j].x, sum[i][j]);
          sum[i][j] = fmaf(left.y, right[j].y, sum[i][j]);
          sum[i][j] = fmaf(left.z, right[j].z, sum[i][j]);
          sum[i][j] = fmaf(left.w, right[j].w, sum[i][j]);
        }
      }
    }
#pragma unroll
    for (int i = 0; i < per_thread; ++i) {
#pragma unroll
      for (int j = 0; j < per_thread; ++j) total[i][j] += static_cast<double>(sum[i][j]);
    }
  }
#pragma unroll
  for (int i = 0; i < per_thread; ++i) {
    const std::int64_t m = static_cast<int>(blockIdx.y) * tile + y + 16 * i;
    if (m >= rows) continue;
    const double scale = c.scale_a == nullptr ? 1.0 : static_cast<double>(c.scale_a[m * c.scale_a_step]);
    const double row_variance = c.accumulation_variance * scale * scale * static_cast<double>(c.a_squares[m]);
#pragma unroll
    for (int j = 0; j < per_thread; ++j) {
      const std::int64_t b = static_cast<int>(blockIdx.x) * tile + x + 16 * j;
      if (b >= blocks) continue;
      Folded& folded = c.folded[m * blocks + b];
      const double residual = fabs(folded.sum - scale * total[i][j]);
      const double allowed =
          deviations_allowed * sqrt(folded.variance + row_variance * static_cast<double>(c.w_squares[b]));
      folded = {residual, allowed};
      // An infinity in D makes both infinite.
      if (!(residual <= allowed) || isinf(residual)) wrong.note((c.first_row + m) * blocks + b);
    }
  }
}

}  // namespace qgemm::cuda::float_proof
