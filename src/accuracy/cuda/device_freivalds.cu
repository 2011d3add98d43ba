#include <cstdint>
#include <optional>

#include "accuracy/cuda/device_freivalds.hpp"
#include "accuracy/cuda/first_index.cuh"
#include "accuracy/cuda/warp_sum.cuh"
#include "cuda/cuda_error.hpp"
#include "qgemm/error.hpp"

namespace qgemm::cuda {
namespace {

using u64 = unsigned long long;

/// splitmix64's numbers `seed`, `seed` + 1, …: as good as random for this.
__device__ u64 random_number(u64 seed, u64 i) {
  u64 z = seed + (i + 1) * 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

__global__ void fill_vector(u64* x, std::int64_t n, u64 seed) {
  const std::int64_t i = blockIdx.x * static_cast<std::int64_t>(blockDim.x) + threadIdx.x;
  if (i < n) x[i] = random_number(seed, static_cast<u64>(i));
}

/// The q-th signed byte of a word, sign-extended to 64 bits: products of signed numbers wrap as unsigned ones.
__device__ u64 signed_byte(int word, int q) {
  return static_cast<u64>(static_cast<long long>(word << (24 - 8 * q) >> 24));
}
__device__ u64 widened(int value) { return static_cast<u64>(static_cast<long long>(value)); }

constexpr int piece = 16;  // bytes one load takes
constexpr int vector_threads = 64, vector_rows = 128;

/// wx[k] += Σ over this block's rows of w[n,k]·x[n], for the 16 columns of each thread.
__global__ void __launch_bounds__(vector_threads)
    multiply_vector(const std::int8_t* __restrict__ w, std::int64_t stride, std::int64_t n, std::int64_t cols,
                    const u64* __restrict__ x, u64* wx) {
  const std::int64_t k = (blockIdx.x * static_cast<std::int64_t>(vector_threads) + threadIdx.x) * piece;
  if (k >= cols) return;
  const std::int64_t first = blockIdx.y * static_cast<std::int64_t>(vector_rows);
  const std::int64_t last = first + vector_rows < n ? first + vector_rows : n;
  u64 sums[piece] = {};
#pragma unroll 4
  for (std::int64_t r = first; r < last; ++r) {
    const int4 words = __ldcs(reinterpret_cast<const int4*>(w + r * stride + k));
    const u64 factor = x[r];
#pragma unroll
    for (int q = 0; q < 4; ++q) {
      sums[q] += signed_byte(words.x, q) * factor;
      sums[4 + q] += signed_byte(words.y, q) * factor;
      sums[8 + q] += signed_byte(words.z, q) * factor;
      sums[12 + q] += signed_byte(words.w, q) * factor;
    }
  }
#pragma unroll
  for (int i = 0; i < piece; ++i) atomicAdd(wx + k + i, sums[i]);
}

constexpr int row_threads = 256, block_rows = 4;

/// Four rows a block, so that each number of x is loaded once for all of them: out of L2 it costs twice a sum's bytes.
template <bool Aligned>
__global__ void __launch_bounds__(row_threads)
    compare_rows(const std::int8_t* __restrict__ a, std::int64_t a_stride, std::int64_t padded_k,
                 const std::int32_t* __restrict__ sums, std::int64_t stride, std::int64_t m, std::int64_t n,
                 const u64* __restrict__ x, const u64* __restrict__ wx, FirstIndex wrong) {
  const std::int64_t first = blockIdx.x * static_cast<std::int64_t>(block_rows);
  // Rows past the last repeat it: they are summed and forgotten.
  const std::int32_t* rows[block_rows];
  const std::int8_t* a_rows[block_rows];
#pragma unroll
  for (int i = 0; i < block_rows; ++i) {
    const std::int64_t r = first + i < m ? first + i : m - 1;
    rows[i] = sums + r * stride;
    a_rows[i] = a + r * a_stride;
  }
  u64 difference[block_rows] = {};
  if constexpr (Aligned) {
#pragma unroll 2
    for (std::int64_t j = threadIdx.x * 4; j < n; j += row_threads * 4) {
      const auto* factors = reinterpret_cast<const ulonglong2*>(x + j);
      const ulonglong2 low = factors[0], high = factors[1];
#pragma unroll
      for (int i = 0; i < block_rows; ++i) {
        const int4 four = __ldcs(reinterpret_cast<const int4*>(rows[i] + j));
        difference[i] +=
            widened(four.x) * low.x + widened(four.y) * low.y + widened(four.z) * high.x + widened(four.w) * high.y;
      }
    }
  } else {
    for (std::int64_t j = threadIdx.x; j < n; j += row_threads) {
#pragma unroll
      for (int i = 0; i < block_rows; ++i) difference[i] += widened(rows[i][j]) * x[j];
    }
  }
  for (std::int64_t k = threadIdx.x * 4; k < padded_k; k += row_threads * 4) {
    const auto* factors = reinterpret_cast<const ulonglong2*>(wx + k);
    const ulonglong2 low = factors[0], high = factors[1];
#pragma unroll
    for (int i = 0; i < block_rows; ++i) {
      const int word = *reinterpret_cast<const int*>(a_rows[i] + k);
      difference[i] -= signed_byte(word, 0) * low.x + signed_byte(word, 1) * low.y + signed_byte(word, 2) * high.x +
                       signed_byte(word, 3) * high.y;
    }
  }
  __shared__ u64 partial[row_threads / 32][block_rows];
#pragma unroll
  for (int i = 0; i < block_rows; ++i) {
    difference[i] = warp_sum(difference[i]);
    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32][i] = difference[i];
  }
  __syncthreads();
  if (threadIdx.x >= block_rows || first + threadIdx.x >= m) return;
  u64 total = 0;
  for (int i = 0; i < row_threads / 32; ++i) total += partial[i][threadIdx.x];
  if (total != 0) wrong.note(first + threadIdx.x);
}

}  // namespace

DeviceFreivalds::DeviceFreivalds(const DeviceQuantizedWeights& w, std::uint64_t seed, cudaStream_t stream)
    : n_(w.n),
      k_(w.k),
      padded_k_(w.values.cols()),
      x_(static_cast<std::size_t>(padded(w.n)) * sizeof(u64)),
      wx_(static_cast<std::size_t>(w.values.cols()) * sizeof(u64)),
      wrong_(sizeof(u64)) {
  if (w.values.dtype() != DType::s8) throw InvalidInput("Freivalds' check takes int8 weights");
  if (padded_k_ % piece != 0 || w.values.stride() % piece != 0) {
    throw InvalidInput("the rows of quantized weights have to be padded to 16 bytes");
  }
  if (n_ == 0 || k_ == 0) return;
  fill_vector<<<static_cast<unsigned>((n_ + 255) / 256), 256, 0, stream>>>(x_.as<u64>(), n_, seed);
  check_launch();
  check(cudaMemsetAsync(wx_.data(), 0, wx_.size(), stream));
  const dim3 grid(static_cast<unsigned>((padded_k_ + vector_threads * piece - 1) / (vector_threads * piece)),
                  static_cast<unsigned>((n_ + vector_rows - 1) / vector_rows));
  multiply_vector<<<grid, vector_threads, 0, stream>>>(static_cast<const std::int8_t*>(w.values.data()),
                                                       w.values.stride(), n_, padded_k_, x_.as<u64>(), wx_.as<u64>());
  check_launch();
}

std::optional<std::int64_t> DeviceFreivalds::first_wrong_row(const DeviceActivations& a, const DeviceView& sums,
                                                             cudaStream_t stream) const {
  const DeviceView values = a.values.view();
  if (values.dtype != DType::s8 || a.k != k_ || values.cols != padded_k_ || values.stride % 4 != 0) {
    throw InvalidInput("the activations are not those of a product with these int8 weights");
  }
  if (sums.dtype != DType::s32 || sums.cols != n_ || sums.rows != values.rows) {
    throw InvalidInput("the sums are not those of a product of these activations and weights");
  }
  if (sums.rows == 0 || n_ == 0) return std::nullopt;
  const FirstIndex wrong = FirstIndex::cleared(wrong_, stream);
  const bool aligned =
      n_ % 4 == 0 && sums.stride % 4 == 0 && reinterpret_cast<std::uintptr_t>(sums.data) % sizeof(int4) == 0;
  const auto kernel = aligned ? compare_rows<true> : compare_rows<false>;
  const auto blocks = static_cast<unsigned>((sums.rows + block_rows - 1) / block_rows);
  kernel<<<blocks, row_threads, 0, stream>>>(static_cast<const std::int8_t*>(values.data), values.stride, padded_k_,
                                             static_cast<const std::int32_t*>(sums.data), sums.stride, sums.rows, n_,
                                             x_.as<u64>(), wx_.as<u64>(), wrong);
  check_launch();
  return wrong.fetch(stream);
}

}  // namespace qgemm::cuda
