#include <algorithm>
#include <cstdint>

#include "cuda/cuda_error.hpp"
#include "cuda/device.hpp"
#include "quantize/cuda/input_dispatch.cuh"
#include "quantize/cuda/scale_rules.cuh"
#include "quantize/cuda/tensor_scale.hpp"

namespace qgemm::cuda {
namespace {

constexpr int threads = 512, held = 4, most_blocks = 1024;

struct Scratch {  // parts are read as int2
  unsigned finished, unused;
  Extent parts[most_blocks];
};

/// The extent over the whole block, given to all of its threads.
template <bool azp>
__device__ Extent block_extent(const Extent& extent, Extent (&slots)[32]) {
  __syncthreads();  // the slots may still be read from the last time
  return row_extent<azp>(extent, slots);
}

/// The last block to arrive makes the scale of all blocks' extents.
template <Code code, bool azp>
__device__ void finish(const Extent& extent, float* scale, std::int32_t* zero, Scratch* scratch) {
  __shared__ Extent slots[32];
  __shared__ bool last;
  const Extent own = block_extent<azp>(extent, slots);
  if (threadIdx.x == 0) {
    scratch->parts[blockIdx.x] = own;
    __threadfence();
    last = atomicInc(&scratch->finished, gridDim.x - 1) == gridDim.x - 1;  // back to zero for the next search
  }
  __syncthreads();
  if (!last) return;
  __threadfence();
  Extent all = own;
  for (unsigned i = threadIdx.x; i < gridDim.x; i += blockDim.x) {
    const int2 part = __ldcg(reinterpret_cast<const int2*>(&scratch->parts[i]));
    all = merged<azp>(all, {part.x, part.y});
  }
  all = block_extent<azp>(all, slots);
  if (threadIdx.x != 0) return;
  const RowScale by = scale_of<code, azp>(all);
  // The rule for a constant row takes a magnitude for what may be NaN, so what is not finite is said here.
  *scale = is_finite<azp>(all) ? by.scale : infinity;
  if constexpr (azp) *zero = by.azp;
}

/// x is `count` elements in one piece, 16-byte aligned.
template <class In, Code code, bool azp>
__global__ void __launch_bounds__(threads)
    scale_of_dense(const In* x, std::int64_t count, float* scale, std::int32_t* zero, Scratch* scratch) {
  const std::int64_t pieces = count / Input<In>::count;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * threads * held;
  const auto* from = reinterpret_cast<const uint4*>(x);
  ExtentOf<In, azp> seen;
  for (std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * threads * held + threadIdx.x; first < pieces;
       first += step) {
    uint4 loaded[held];
#pragma unroll
    for (int i = 0; i < held; ++i) loaded[i] = __ldg(from + min(first + i * threads, pieces - 1));
#pragma unroll
    for (const uint4& piece : loaded) seen.take(piece);
  }
  const std::int64_t tail = pieces * Input<In>::count + threadIdx.x;
  if (blockIdx.x == 0 && tail < count) seen.take_one(x[tail]);
  finish<code, azp>(seen.get(), scale, zero, scratch);
}

template <class In, Code code, bool azp>
__global__ void __launch_bounds__(threads)
    scale_of_rows(const In* x, std::int64_t rows, std::int64_t cols, std::int64_t stride, float* scale,
                  std::int32_t* zero, Scratch* scratch) {
  ExtentOf<In, azp> seen;
  for (std::int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    for (std::int64_t i = threadIdx.x; i < cols; i += threads) seen.take_one(x[row * stride + i]);
  }
  finish<code, azp>(seen.get(), scale, zero, scratch);
}

template <class In>
__global__ void __launch_bounds__(threads)
    find_bad_row(const In* x, std::int64_t cols, std::int64_t stride, std::uint32_t* bad_row) {
  const std::int64_t row = blockIdx.x;
  ExtentOf<In, false> seen;
  for (std::int64_t i = threadIdx.x; i < cols; i += threads) seen.take_one(x[row * stride + i]);
  if (!is_finite<false>(seen.get())) atomicMin(bad_row, static_cast<std::uint32_t>(row));
}

template <Code code, bool azp>
void launch(const DeviceView& view, float* scale, std::int32_t* zero, Scratch* scratch, cudaStream_t stream) {
  const bool dense = view.stride == view.cols && reinterpret_cast<std::uintptr_t>(view.data) % 16 == 0;
  const std::int64_t most = std::min(most_blocks, 4 * multiprocessors());
  for_input(view.dtype, [&]<class In>(In) {
    const auto* x = static_cast<const In*>(view.data);
    if (dense) {
      const std::int64_t count = view.rows * view.cols;
      constexpr std::int64_t block = static_cast<std::int64_t>(threads) * held * Input<In>::count;
      const auto grid = static_cast<unsigned>(std::min(most, (count + block - 1) / block));
      scale_of_dense<In, code, azp><<<grid, threads, 0, stream>>>(x, count, scale, zero, scratch);
    } else {
      const auto grid = static_cast<unsigned>(std::min(most, view.rows));
      scale_of_rows<In, code, azp>
          <<<grid, threads, 0, stream>>>(x, view.rows, view.cols, view.stride, scale, zero, scratch);
    }
  });
  check_launch();
}

}  // namespace

std::size_t tensor_scale_scratch() { return sizeof(Scratch); }

void enqueue_tensor_scale(Code code, const DeviceView& x, float* scale, std::int32_t* azp, void* scratch,
                          cudaStream_t stream) {
  auto* room = static_cast<Scratch*>(scratch);
  if (code == Code::e4m3) return launch<Code::e4m3, false>(x, scale, nullptr, room, stream);
  if (azp != nullptr) return launch<Code::s8, true>(x, scale, azp, room, stream);
  launch<Code::s8, false>(x, scale, nullptr, room, stream);
}

void enqueue_find_bad_row(const DeviceView& x, std::uint32_t* bad_row, cudaStream_t stream) {
  for_input(x.dtype, [&]<class In>(In) {
    find_bad_row<In><<<static_cast<unsigned>(x.rows), threads, 0, stream>>>(static_cast<const In*>(x.data), x.cols,
                                                                            x.stride, bad_row);
  });
  check_launch();
}

}  // namespace qgemm::cuda
