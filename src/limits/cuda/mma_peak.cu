#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>

#include "cuda/cuda_error.hpp"
#include "limits/cuda/operand_bits.cuh"
#include "limits/cuda/tensor_peak.hpp"
#include "qgemm/error.hpp"

namespace qgemm::cuda {
namespace {

template <DType Type>
using Sum = std::conditional_t<Type == DType::s8, std::int32_t, float>;

/// d += a·bᵀ for a warp: 16×8 results from 32 bytes of K.
template <DType Type>
__device__ void multiply_add(Sum<Type> (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
  if constexpr (Type == DType::s8) {
    asm volatile(
        "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  } else if constexpr (Type == DType::bf16) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  } else {
#if __CUDA_ARCH__ >= 890
    asm volatile(
        "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
  }
}

constexpr int threads = 256, blocks_each = 2;
/// A warp's results, in tiles of 16×8, and how many tiles of operands of 32 bytes of K it holds.
constexpr int tiles_m = 4, tiles_n = 4, depth = 2;
/// Bytes of K after which sums start anew, and how often that happens in a call.
constexpr int product_k = 4096, products = 128;

/// `sink`: null; the compiler, which cannot know, keeps the products for it.
template <DType Type>
__global__ void __launch_bounds__(threads, blocks_each) multiply_endlessly(int count, Sum<Type>* sink) {
  std::uint32_t a[depth][tiles_m][4], b[depth][tiles_n][2];
  std::uint64_t number = (blockIdx.x * static_cast<std::uint64_t>(threads) + threadIdx.x) * 64;
#pragma unroll
  for (int k = 0; k < depth; ++k) {
#pragma unroll
    for (int i = 0; i < tiles_m * 4; ++i) a[k][i / 4][i % 4] = operand_word<Type>(number++);
#pragma unroll
    for (int i = 0; i < tiles_n * 2; ++i) b[k][i / 2][i % 2] = operand_word<Type>(number++);
  }
  Sum<Type> sums[tiles_m][tiles_n][4] = {};
  for (int product = 0; product < count; ++product) {
#pragma unroll
    for (int i = 0; i < tiles_m * tiles_n * 4; ++i) sums[i / (tiles_n * 4)][i / 4 % tiles_n][i % 4] = 0;
#pragma unroll 2  // a longer body would not stay in the instruction cache
    for (int step = 0; step < product_k / (depth * 32); ++step) {
#pragma unroll
      for (int k = 0; k < depth; ++k) {
#pragma unroll
        for (int i = 0; i < tiles_m * tiles_n; ++i) {
          multiply_add<Type>(sums[i / tiles_n][i % tiles_n], a[k][i / tiles_n], b[k][i % tiles_n]);
        }
      }
    }
  }
  if (sink != nullptr) {
#pragma unroll
    for (int i = 0; i < tiles_m * tiles_n * 4; ++i) {
      sink[i * threads + threadIdx.x] = sums[i / (tiles_n * 4)][i / 4 % tiles_n][i % 4];
    }
  }
}

template <DType Type>
std::optional<Workload> workload(const Device& device, const std::string& instruction) {
  const auto kernel = multiply_endlessly<Type>;
  if (Type == DType::e4m3) {
    // The instruction has to be both the GPU's and in the code that would run there (or its PTX).
    cudaFuncAttributes attributes{};
    check(cudaFuncGetAttributes(&attributes, kernel));
    if (device.capability() < 89 || attributes.ptxVersion < 89) return std::nullopt;
  }
  const auto blocks = static_cast<unsigned>(device.multiprocessors * blocks_each);
  const double elements = product_k / static_cast<double>(size_of(Type));
  Workload out;
  out.method = instruction + " from registers, normal operands";
  out.work = 2.0 * (threads / 32) * (16 * tiles_m) * (8 * tiles_n) * elements * products * blocks;
  out.enqueue = [kernel, blocks](cudaStream_t stream) {
    kernel<<<blocks, threads, 0, stream>>>(products, nullptr);
    check_launch();
  };
  return out;
}

}  // namespace

std::optional<Workload> mma_peak(DType type, const Device& device) {
  switch (type) {
    case DType::s8: return workload<DType::s8>(device, "mma.sync m16n8k32 s8");
    case DType::e4m3: return workload<DType::e4m3>(device, "mma.sync m16n8k32 e4m3");
    case DType::bf16: return workload<DType::bf16>(device, "mma.sync m16n8k16 bf16");
    default: throw InvalidInput("mma.sync is measured for s8, e4m3 and bf16, not " + std::string(name(type)));
  }
}

}  // namespace qgemm::cuda
