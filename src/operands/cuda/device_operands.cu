#include <cuda_bf16.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "cuda/cuda_error.hpp"
#include "cuda/device.hpp"
#include "operands/cuda/device_operands.hpp"
#include "operands/normal_table.hpp"
#include "operands/outlier_model.hpp"
#include "operands/random_bits.hpp"
#include "quantize/cuda/device_quantize.hpp"

namespace qgemm::cuda {
namespace {

constexpr int threads = 1024, warp = 32;
/// Elements a lane makes at once: 16 bytes, what one store instruction takes.
constexpr int piece = 8;
/// Columns of a row that one warp fills before it takes other work: rows are split, so that few long ones keep all
/// multiprocessors busy, too.
constexpr std::int64_t segment = 8 * warp * piece;

using HalfTable = std::uint16_t[NormalTable::half_slices];

__device__ std::uint32_t sample(const std::uint16_t* upper, const std::uint16_t* tail, std::uint32_t slice,
                                std::uint64_t state, std::int64_t c) {
  const std::uint32_t sign = slice < NormalTable::half_slices ? 0x8000U : 0U;
  std::uint32_t magnitude = upper[NormalTable::index(slice)];
  if (slice == 0 || slice == NormalTable::last_slice) magnitude = tail[random_bits::tail_fraction(state, c)];
  return magnitude | sign;
}

/// One segment of a row a warp, as often as there are any. The table of magnitudes lies in shared memory: its look-ups
/// are as random as their results.
template <bool Aligned>
__global__ void __launch_bounds__(threads, 1)
    fill_normal(std::uint16_t* out, std::int64_t rows, std::int64_t cols, std::uint64_t seed,
                const std::uint16_t* __restrict__ upper_table, const std::uint16_t* __restrict__ tail) {
  extern __shared__ uint4 shared[];
  const auto* upper = reinterpret_cast<const std::uint16_t*>(shared);
  for (unsigned i = threadIdx.x; i < sizeof(HalfTable) / sizeof(uint4); i += threads) {
    shared[i] = reinterpret_cast<const uint4*>(upper_table)[i];
  }
  __syncthreads();
  const std::int64_t segments = (cols + segment - 1) / segment, items = rows * segments;
  const std::int64_t warps = static_cast<std::int64_t>(gridDim.x) * (threads / warp);
  const unsigned lane = threadIdx.x % warp;
  for (std::int64_t item = static_cast<std::int64_t>(blockIdx.x) * (threads / warp) + threadIdx.x / warp; item < items;
       item += warps) {
    const std::int64_t r = item / segments, first = (item - r * segments) * segment;
    const std::int64_t last = first + segment < cols ? first + segment : cols;
    const std::uint64_t state = random_bits::row_state(seed, r);
    std::uint16_t* row = out + r * cols;
    for (std::int64_t c = first + lane * piece; c < last; c += warp * piece) {
      std::uint32_t pairs[piece / 2];
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const std::uint64_t bits = random_bits::slices(state, c / random_bits::group + half);
#pragma unroll
        for (int pair = 0; pair < 2; ++pair) {
          const auto two = static_cast<std::uint32_t>(bits >> (32 * pair));
          const std::int64_t at = c + half * random_bits::group + 2 * pair;
          pairs[2 * half + pair] =
              sample(upper, tail, two & 0xffffU, state, at) | sample(upper, tail, two >> 16U, state, at + 1) << 16U;
        }
      }
      if constexpr (Aligned) {
        *reinterpret_cast<uint4*>(row + c) = make_uint4(pairs[0], pairs[1], pairs[2], pairs[3]);
      } else {
#pragma unroll
        for (int i = 0; i < piece; ++i) {
          if (c + i < last) row[c + i] = static_cast<std::uint16_t>(pairs[i / 2] >> (16 * (i % 2)));
        }
      }
    }
  }
}

/// What `outlier_model` makes of each token that is not massive: a block's y is an outlier feature.
__global__ void add_outlier_features(__nv_bfloat16* matrix, std::int64_t rows, std::int64_t cols,
                                     const std::int64_t* __restrict__ features, std::uint64_t seed) {
  const std::int64_t c = features[blockIdx.y];
  const float sign = outlier_model::sign(seed, c);
  for (std::int64_t r = blockIdx.x * static_cast<std::int64_t>(blockDim.x) + threadIdx.x; r < rows;
       r += static_cast<std::int64_t>(gridDim.x) * blockDim.x) {
    if (outlier_model::massive(r) || !outlier_model::present(seed, r, c)) continue;
    __nv_bfloat16& element = matrix[r * cols + c];
    element = __float2bfloat16_rn(outlier_model::value(sign, __bfloat162float(element)));
  }
}

/// The massive tokens, one a block and round: `value` in column `features[0]`, the rest made small.
__global__ void make_massive_tokens(__nv_bfloat16* matrix, std::int64_t rows, std::int64_t cols,
                                    const std::int64_t* __restrict__ features, float value) {
  constexpr std::int64_t period = outlier_model::massive_period;
  for (std::int64_t r = blockIdx.x * period + period - 1; r < rows; r += gridDim.x * period) {
    for (std::int64_t c = threadIdx.x; c < cols; c += blockDim.x) {
      __nv_bfloat16& element = matrix[r * cols + c];
      element = __float2bfloat16_rn(c == features[0] ? value : outlier_model::rest * __bfloat162float(element));
    }
  }
}

template <class T>
DeviceBuffer uploaded(const T* values, std::size_t count, cudaStream_t stream) {
  DeviceBuffer buffer(count * sizeof(T));
  if (count > 0) check(cudaMemcpyAsync(buffer.data(), values, buffer.size(), cudaMemcpyHostToDevice, stream));
  return buffer;
}

void enqueue_normal(const DeviceMatrix& out, std::uint64_t seed, const DeviceBuffer& upper, const DeviceBuffer& tail,
                    cudaStream_t stream) {
  const auto kernel = out.cols() % piece == 0 ? fill_normal<true> : fill_normal<false>;
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, sizeof(HalfTable)));
  int blocks = 0;
  check(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, threads, sizeof(HalfTable)));
  kernel<<<static_cast<unsigned>(std::max(1, blocks) * multiprocessors()), threads, sizeof(HalfTable), stream>>>(
      static_cast<std::uint16_t*>(out.data()), out.rows(), out.cols(), seed, upper.as<std::uint16_t>(),
      tail.as<std::uint16_t>());
  check_launch();
}

void enqueue_outliers(const DeviceMatrix& out, std::uint64_t seed, const DeviceBuffer& features, cudaStream_t stream) {
  auto* matrix = static_cast<__nv_bfloat16*>(out.data());
  const auto count = static_cast<unsigned>(features.size() / sizeof(std::int64_t));
  const dim3 grid(static_cast<unsigned>(std::min<std::int64_t>((out.rows() + 255) / 256, 1024)), count);
  add_outlier_features<<<grid, 256, 0, stream>>>(matrix, out.rows(), out.cols(), features.as<std::int64_t>(), seed);
  check_launch();
  const std::int64_t massive = out.rows() / outlier_model::massive_period;
  if (massive == 0) return;
  make_massive_tokens<<<static_cast<unsigned>(std::min<std::int64_t>(massive, 1024)), 256, 0, stream>>>(
      matrix, out.rows(), out.cols(), features.as<std::int64_t>(), massive_value(out.cols(), seed));
  check_launch();
}

DeviceMatrix random_matrix(std::int64_t rows, std::int64_t cols, DataKind kind, std::uint64_t seed,
                           const std::vector<std::int64_t>& outliers, cudaStream_t stream) {
  DeviceMatrix out(DType::bf16, rows, cols);
  if (out.bytes() == 0) return out;
  if (kind == DataKind::zeros) {
    check(cudaMemsetAsync(out.data(), 0, out.bytes(), stream));
    check(cudaStreamSynchronize(stream));
    return out;
  }
  // 192 KiB: sent with each matrix, so that no copy outlives a device that was lost or changed.
  const NormalTable& table = NormalTable::get();
  const DeviceBuffer upper = uploaded(table.upper().data(), table.upper().size(), stream);
  const DeviceBuffer tail = uploaded(table.tail().data(), table.tail().size(), stream);
  enqueue_normal(out, seed, upper, tail, stream);
  const DeviceBuffer features = uploaded(outliers.data(), outliers.size(), stream);
  if (!outliers.empty()) enqueue_outliers(out, seed, features, stream);
  check(cudaStreamSynchronize(stream));
  return out;
}

}  // namespace

DeviceMatrix random_weights(std::int64_t n, std::int64_t k, DataKind kind, std::uint64_t seed, cudaStream_t stream) {
  return random_matrix(n, k, kind, seed, {}, stream);
}

DeviceMatrix random_activations(std::int64_t m, std::int64_t k, DataKind kind, std::uint64_t seed,
                                cudaStream_t stream) {
  std::vector<std::int64_t> outliers;
  if (kind == DataKind::outlier && k > 0) outliers = outlier_features(k, seed);
  return random_matrix(m, k, kind, seed, outliers, stream);
}

DeviceBuffer random_bias(std::int64_t n, DataKind kind, DType output, std::uint64_t seed, cudaStream_t stream) {
  std::vector<float> bias = qgemm::random_bias(n, kind, output, seed);
  bias.resize(static_cast<std::size_t>(padded(n)));
  DeviceBuffer out = uploaded(bias.data(), bias.size(), stream);
  check(cudaStreamSynchronize(stream));
  return out;
}

}  // namespace qgemm::cuda
