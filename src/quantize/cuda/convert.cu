#include <cstdint>
#include <string>
#include <type_traits>

#include "cuda/cuda_error.hpp"
#include "qgemm/error.hpp"
#include "quantize/cuda/device_quantize.hpp"
#include "quantize/cuda/input_dispatch.cuh"
#include "quantize/cuda/input_types.cuh"

namespace qgemm::cuda {
namespace {

constexpr int threads = 256;

template <class To>
__device__ To rounded(float x) {
  if constexpr (std::is_same_v<To, __nv_bfloat16>) return __float2bfloat16_rn(x);
  if constexpr (std::is_same_v<To, __half>) return __float2half_rn(x);
  if constexpr (std::is_same_v<To, float>) return x;
}

template <class T>
struct alignas(4 * sizeof(T)) Four {
  T value[4];
};

/// Four elements a thread; what four leaves over goes to the threads past the last four.
template <class From, class To>
__global__ void convert_dense(const From* from, To* to, std::int64_t count) {
  const std::int64_t index = static_cast<std::int64_t>(blockIdx.x) * threads + threadIdx.x, fours = count / 4;
  if (index < fours) {
    const auto in = reinterpret_cast<const Four<From>*>(from)[index];
    Four<To> out;
#pragma unroll
    for (int i = 0; i < 4; ++i) out.value[i] = rounded<To>(Input<From>::to_float(in.value[i]));
    reinterpret_cast<Four<To>*>(to)[index] = out;
  } else if (const std::int64_t i = 4 * fours + (index - fours); i < count) {
    to[i] = rounded<To>(Input<From>::to_float(from[i]));
  }
}

template <class From, class To>
__global__ void convert_rows(const From* from, std::int64_t from_stride, To* to, std::int64_t to_stride,
                             std::int64_t cols) {
  const std::int64_t row = blockIdx.x;
  for (std::int64_t i = threadIdx.x; i < cols; i += threads) {
    to[row * to_stride + i] = rounded<To>(Input<From>::to_float(from[row * from_stride + i]));
  }
}

template <class From, class To>
void convert(const DeviceView& from, const DeviceView& to, cudaStream_t stream) {
  const auto* in = static_cast<const From*>(from.data);
  auto* out = static_cast<To*>(to.data);
  const auto aligned = [](const void* p) { return reinterpret_cast<std::uintptr_t>(p) % 16 == 0; };
  if (from.stride == from.cols && to.stride == to.cols && aligned(in) && aligned(out)) {
    const std::int64_t count = from.rows * from.cols, work = count / 4 + count % 4;
    const auto grid = static_cast<unsigned>((work + threads - 1) / threads);
    convert_dense<<<grid, threads, 0, stream>>>(in, out, count);
  } else {
    const auto grid = static_cast<unsigned>(from.rows);
    convert_rows<<<grid, threads, 0, stream>>>(in, from.stride, out, to.stride, from.cols);
  }
}

}  // namespace

void enqueue_convert(const DeviceView& from, const DeviceView& to, cudaStream_t stream) {
  if (from.rows != to.rows || from.cols != to.cols) {
    throw InvalidInput("a matrix of " + std::to_string(from.rows) + " × " + std::to_string(from.cols) +
                       " cannot be converted into one of " + std::to_string(to.rows) + " × " + std::to_string(to.cols));
  }
  for_input(from.dtype, [&]<class From>(From) {
    for_input(to.dtype, [&]<class To>(To) {
      if (from.rows == 0 || from.cols == 0) return;
      if constexpr (std::is_same_v<From, To>) {
        copy_on_device(from, to, stream);
      } else {
        convert<From, To>(from, to, stream);
      }
    });
  });
  check_launch();
}

}  // namespace qgemm::cuda
