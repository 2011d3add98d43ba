#include <algorithm>
#include <cstdint>

#include "accuracy/cuda/device_hash.hpp"
#include "accuracy/cuda/warp_sum.cuh"
#include "cuda/cuda_error.hpp"
#include "qgemm/dtype.hpp"

namespace qgemm::cuda {
namespace {

using u64 = unsigned long long;
constexpr int threads = 256;

/// splitmix64's mixing of a word and its place: words that change places change the sum.
__device__ u64 mixed(u64 word, u64 place) {
  u64 z = word + (place + 1) * 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

/// The sum of all mixed words of eight bytes; each row's last is filled up with zeros. Wide: rows are whole pieces of
/// 16 bytes. A warp takes `warp_words` words of a row at a time.
constexpr std::int64_t warp_words = 512;
template <bool Wide>
__global__ void __launch_bounds__(threads) hash_rows(const unsigned char* __restrict__ data, std::int64_t row_bytes,
                                                     std::int64_t row_stride, std::int64_t rows, u64* out) {
  const std::int64_t words = (row_bytes + 7) / 8, strips = (words + warp_words - 1) / warp_words;
  const std::int64_t warps = static_cast<std::int64_t>(gridDim.x) * (threads / 32);
  const int lane = static_cast<int>(threadIdx.x % 32);
  u64 sum = 0;
  for (std::int64_t item = blockIdx.x * static_cast<std::int64_t>(threads / 32) + threadIdx.x / 32;
       item < rows * strips; item += warps) {
    const std::int64_t r = item / strips, first = (item - r * strips) * warp_words;
    const std::int64_t last = first + warp_words < words ? first + warp_words : words;
    const unsigned char* row = data + r * row_stride;
    const u64 place = static_cast<u64>(r) * static_cast<u64>(words);
    if constexpr (Wide) {
#pragma unroll 4
      for (std::int64_t i = first + 2 * lane; i < last; i += 64) {
        const ulonglong2 two = __ldcs(reinterpret_cast<const ulonglong2*>(row) + i / 2);
        sum += mixed(two.x, place + static_cast<u64>(i)) + mixed(two.y, place + static_cast<u64>(i) + 1);
      }
    } else {
      for (std::int64_t i = first + lane; i < last; i += 32) {
        u64 word = 0;
        for (int b = 0; b < 8; ++b) {
          if (8 * i + b < row_bytes) word |= static_cast<u64>(row[8 * i + b]) << (8 * b);
        }
        sum += mixed(word, place + static_cast<u64>(i));
      }
    }
  }
  sum = warp_sum(sum);
  if (lane == 0) atomicAdd(out, sum);
}

}  // namespace

void enqueue_hash(const DeviceView& d, std::uint64_t* out, cudaStream_t stream) {
  static_assert(sizeof(u64) == sizeof(std::uint64_t));
  check(cudaMemsetAsync(out, 0, sizeof(*out), stream));
  if (d.rows == 0 || d.cols == 0) return;
  const auto size = static_cast<std::int64_t>(size_of(d.dtype));
  const std::int64_t row_bytes = d.cols * size, row_stride = d.stride * size;
  const bool wide = row_bytes % 16 == 0 && row_stride % 16 == 0 && reinterpret_cast<std::uintptr_t>(d.data) % 16 == 0;
  const std::int64_t strips = (row_bytes + 8 * warp_words - 1) / (8 * warp_words);
  const std::int64_t blocks = std::min<std::int64_t>((d.rows * strips + threads / 32 - 1) / (threads / 32), 4096);
  (wide ? hash_rows<true> : hash_rows<false>)<<<static_cast<unsigned>(blocks), threads, 0, stream>>>(
      static_cast<const unsigned char*>(d.data), row_bytes, row_stride, d.rows, reinterpret_cast<u64*>(out));
  check_launch();
}

}  // namespace qgemm::cuda
