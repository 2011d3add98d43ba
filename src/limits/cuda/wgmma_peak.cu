#include <cstdint>
#include <string>
#include <type_traits>

#include "cuda/cuda_error.hpp"
#include "limits/cuda/operand_bits.cuh"
#include "limits/cuda/tensor_peak.hpp"
#include "limits/cuda/wgmma_m64n256.cuh"
#include "qgemm/error.hpp"

namespace qgemm::cuda {
namespace {

// Two warpgroups, so that one has products in flight while the other waits for its own; each has rows of A of its own,
// both read the same B. Four stages of 128 bytes of K fill most of the shared memory: the more, the more random.
constexpr int warpgroups = 2, threads = warpgroups * 128;
constexpr int stages = 4, stage_k = 128, a_bytes = 64 * stage_k, b_bytes = 256 * stage_k;
constexpr int shared_bytes = stages * (warpgroups * a_bytes + b_bytes), alignment = 1024;
/// Bytes of K after which sums start anew, and how often that happens in a call: some 10 ms on an H100, beside which
/// the making of the operands, 0.03 ms, does not count.
constexpr int product_k = 4096, products = 512;

template <DType Type>
using Sum = std::conditional_t<Type == DType::s8, std::int32_t, float>;

/// `sink`: null; the compiler, which cannot know, keeps the products for it.
template <DType Type>
__global__ void __launch_bounds__(threads, 1) multiply_endlessly(int count, Sum<Type>* sink) {
  extern __shared__ std::uint8_t unaligned[];
  std::uint8_t* shared = unaligned + (alignment - __cvta_generic_to_shared(unaligned) % alignment) % alignment;
  auto* words = reinterpret_cast<std::uint32_t*>(shared);
  for (unsigned i = threadIdx.x; i < shared_bytes / 4; i += threads) {
    words[i] = operand_word<Type>(blockIdx.x * static_cast<std::uint64_t>(shared_bytes / 4) + i);
  }
  asm volatile("fence.proxy.async.shared::cta;\n" ::: "memory");  // the tensor cores read past the ordinary path
  __syncthreads();

  std::uint64_t a[stages], b[stages];
#pragma unroll
  for (int s = 0; s < stages; ++s) {
    a[s] = wgmma_descriptor(shared + (s * warpgroups + threadIdx.x / 128) * a_bytes);
    b[s] = wgmma_descriptor(shared + stages * warpgroups * a_bytes + s * b_bytes);
  }
  Sum<Type> sums[128] = {};
  for (int product = 0; product < count; ++product) {
    for (int k = 0; k < product_k; k += stages * stage_k) {
#pragma unroll
      for (int s = 0; s < stages; ++s) {
        wgmma_fence();
#pragma unroll
        for (int step = 0; step < stage_k / 32; ++step) {
          const int accumulate = k + s + step == 0 ? 0 : 1;
          if constexpr (Type == DType::s8) {
            wgmma_s8(sums, a[s] + 2 * step, b[s] + 2 * step, accumulate);
          } else if constexpr (Type == DType::e4m3) {
            wgmma_e4m3(sums, a[s] + 2 * step, b[s] + 2 * step, accumulate);
          } else {
            wgmma_bf16(sums, a[s] + 2 * step, b[s] + 2 * step, accumulate);
          }
        }
        wgmma_commit();
        wgmma_wait<1>();
      }
    }
  }
  wgmma_wait<0>();
  if (sink != nullptr) {
#pragma unroll
    for (int i = 0; i < 128; ++i) sink[i * threads + threadIdx.x] = sums[i];
  }
}

template <DType Type>
Workload workload(const Device& device, const std::string& instruction) {
  const auto kernel = multiply_endlessly<Type>;
  constexpr int bytes = shared_bytes + alignment;
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes));
  const auto blocks = static_cast<unsigned>(device.multiprocessors);
  const double elements = product_k / static_cast<double>(size_of(Type));
  Workload out;
  out.method = instruction + " from shared memory, normal operands";
  out.work = 2.0 * warpgroups * 64 * 256 * elements * products * blocks;
  out.enqueue = [kernel, blocks](cudaStream_t stream) {
    kernel<<<blocks, threads, bytes, stream>>>(products, nullptr);
    check_launch();
  };
  return out;
}

}  // namespace

Workload wgmma_peak(DType type, const Device& device) {
  switch (type) {
    case DType::s8: return workload<DType::s8>(device, "wgmma m64n256k32 s8");
    case DType::e4m3: return workload<DType::e4m3>(device, "wgmma m64n256k32 e4m3");
    case DType::bf16: return workload<DType::bf16>(device, "wgmma m64n256k16 bf16");
    default: throw InvalidInput("wgmma is measured for s8, e4m3 and bf16, not " + std::string(name(type)));
  }
}

}  // namespace qgemm::cuda
