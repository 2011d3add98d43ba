#pragma once
#include <cstdint>

#include "qgemm/dtype.hpp"

// Hopper's product of a warpgroup, 64×256 results from 32 bytes of K, both operands in shared memory.
namespace qgemm::cuda {

// The 128 accumulators as operands of one asm statement, where nothing but a literal list will do.
#define QGEMM_SUMS_8(kind, i)                                                                             \
  kind(d[(i)]), kind(d[(i) + 1]), kind(d[(i) + 2]), kind(d[(i) + 3]), kind(d[(i) + 4]), kind(d[(i) + 5]), \
      kind(d[(i) + 6]), kind(d[(i) + 7])
#define QGEMM_SUMS_32(kind, i) \
  QGEMM_SUMS_8(kind, i), QGEMM_SUMS_8(kind, (i) + 8), QGEMM_SUMS_8(kind, (i) + 16), QGEMM_SUMS_8(kind, (i) + 24)
#define QGEMM_SUMS(kind) \
  QGEMM_SUMS_32(kind, 0), QGEMM_SUMS_32(kind, 32), QGEMM_SUMS_32(kind, 64), QGEMM_SUMS_32(kind, 96)
#define QGEMM_FLOAT_SUM(x) "+f"(x)
#define QGEMM_INT_SUM(x) "+r"(x)
#define QGEMM_PLACES                                                                             \
  "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "                       \
  "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "             \
  "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "             \
  "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "             \
  "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "             \
  "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "             \
  "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, " \
  "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"
#define QGEMM_WGMMA(instruction, kind, flags)                                                                       \
  asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %130, 0;\n" instruction " {" QGEMM_PLACES "}, %128, %129, p" flags \
               ";\n}\n"                                                                                             \
               : QGEMM_SUMS(kind)                                                                                   \
               : "l"(a), "l"(b), "r"(accumulate))

/// d = a·bᵀ (+ d where `accumulate` is not 0), enqueued in the current group; `a`, `b`: descriptors.
__device__ __forceinline__ void wgmma_s8(std::int32_t (&d)[128], std::uint64_t a, std::uint64_t b, int accumulate) {
  QGEMM_WGMMA("wgmma.mma_async.sync.aligned.m64n256k32.s32.s8.s8", QGEMM_INT_SUM, "");
}
__device__ __forceinline__ void wgmma_e4m3(float (&d)[128], std::uint64_t a, std::uint64_t b, int accumulate) {
  QGEMM_WGMMA("wgmma.mma_async.sync.aligned.m64n256k32.f32.e4m3.e4m3", QGEMM_FLOAT_SUM, ", 1, 1");
}
__device__ __forceinline__ void wgmma_bf16(float (&d)[128], std::uint64_t a, std::uint64_t b, int accumulate) {
  QGEMM_WGMMA("wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16", QGEMM_FLOAT_SUM, ", 1, 1, 0, 0");
}

#undef QGEMM_WGMMA
#undef QGEMM_PLACES
#undef QGEMM_INT_SUM
#undef QGEMM_FLOAT_SUM
#undef QGEMM_SUMS
#undef QGEMM_SUMS_32
#undef QGEMM_SUMS_8

/// Orders earlier accesses to the accumulators before the next product.
__device__ __forceinline__ void wgmma_fence() { asm volatile("wgmma.fence.sync.aligned;\n" ::: "memory"); }
__device__ __forceinline__ void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;\n" ::: "memory"); }
/// Waits until at most `Pending` groups are unfinished.
template <int Pending>
__device__ __forceinline__ void wgmma_wait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;\n" ::"n"(Pending) : "memory");
}

/// The descriptor of rows of 128 bytes of K, eight of them 1,024 bytes (aligned so) of the 128-byte swizzle, one such
/// group after the other. 32 bytes further along K add 2.
__device__ __forceinline__ std::uint64_t wgmma_descriptor(const void* shared) {
  const auto address = static_cast<std::uint64_t>(__cvta_generic_to_shared(shared));
  constexpr std::uint64_t group_stride = 1024 >> 4, swizzle_128 = 1;
  return (address & 0x3ffffU) >> 4U | std::uint64_t{1} << 16U | group_stride << 32U | swizzle_128 << 62U;
}

}  // namespace qgemm::cuda
