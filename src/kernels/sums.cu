#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <algorithm>
#include <cstdint>

#include "cuda/cuda_error.hpp"
#include "kernels/scaled_gemm.hpp"
#include "qgemm/error.hpp"

namespace qgemm::kernels {
namespace {

__device__ float value_of(__nv_bfloat16 x) { return __bfloat162float(x); }
__device__ float value_of(__half x) { return __half2float(x); }

/// Sets (`shift` 0) or adds the byte that a tap left in `d`.
template <class Out>
__global__ void add_byte(const Out* d, std::int64_t ldd, std::int64_t rows, std::int64_t columns, int shift,
                         std::int32_t* sums) {
  const std::int64_t count = rows * columns;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
    const auto byte = static_cast<std::uint32_t>(value_of(d[i / columns * ldd + i % columns])) << shift;
    const auto earlier = shift == 0 ? 0U : static_cast<std::uint32_t>(sums[i]);
    sums[i] = static_cast<std::int32_t>(earlier | byte);
  }
}

template <class Out>
void combine(const ScaledGemmArguments& arguments, std::int64_t columns, std::int32_t* sums, cudaStream_t stream) {
  constexpr std::int64_t threads = 256, most_blocks = 4096;
  const std::int64_t blocks = std::min(most_blocks, (arguments.m * columns + threads - 1) / threads);
  add_byte<<<static_cast<unsigned>(blocks), static_cast<unsigned>(threads), 0, stream>>>(
      static_cast<const Out*>(arguments.d), arguments.ldd, arguments.m, columns, arguments.tap, sums);
  cuda::check_launch();
}

}  // namespace

void enqueue_sums(const ScaledGemmKernel& kernel, ScaledGemmArguments arguments, std::int64_t columns,
                  std::int32_t* sums, void* workspace, cudaStream_t stream) {
  if (columns <= 0 || columns > arguments.n) throw InvalidInput("the sums have more columns than the product");
  const DType output = kernel.traits().output;
  for (const int tap : {0, 8, 16, 24}) {
    arguments.tap = tap;
    kernel.prepare(arguments, workspace)->enqueue(stream);
    if (output == DType::bf16) {
      combine<__nv_bfloat16>(arguments, columns, sums, stream);
    } else if (output == DType::f16) {
      combine<__half>(arguments, columns, sums, stream);
    } else {
      throw Unavailable("sums can be had only of kernels that give bf16 or f16");
    }
  }
}

}  // namespace qgemm::kernels
