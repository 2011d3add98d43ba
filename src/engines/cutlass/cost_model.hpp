#pragma once
#include <cstdint>

#include "cuda/device.hpp"
#include "kernels/scaled_gemm.hpp"

namespace qgemm::cutlass {

/// Microseconds that the kernel is likely to take for D[M,N] of that K, from what it does: rounds of tiles over the
/// multiprocessors, each step of K as long as the tensor cores, the way from L2 or the barriers take; the bytes of the
/// product once over the memory's bandwidth; and the time to start, to add up what was split and to store. Good for an
/// order (bench_kernel_times prints how good), not for a figure. The rates are Hopper's, per clock and multiprocessor
/// where they scale with those.
double likely_us(const kernels::KernelTraits& traits, const cuda::Device& device, std::int64_t m, std::int64_t n,
                 std::int64_t k);

}  // namespace qgemm::cutlass
