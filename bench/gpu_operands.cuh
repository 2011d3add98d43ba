#pragma once
#include <cuda_fp8.h>

#include <cstdint>

#include "cuda/cuda_error.hpp"
#include "cuda/device_buffer.hpp"
#include "kernels/scaled_gemm.hpp"

namespace qgemm::bench {

__device__ inline std::uint32_t mixed(std::uint64_t x) {
  x ^= x >> 33U;
  x *= 0xff51afd7ed558ccdULL;
  x ^= x >> 33U;
  return static_cast<std::uint32_t>(x * 0xc4ceb9fe1a85ec53ULL >> 32U);
}

/// Values as of a normal distribution with its largest at the type's end: what they are decides how much power the
/// tensor cores draw. Four random bytes summed are near enough to normal.
static __global__ void fill_normal(std::uint8_t* to, std::int64_t count, bool fp8, std::uint64_t seed) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
    const std::uint32_t random = mixed(seed ^ (static_cast<std::uint64_t>(i) * 0x9e3779b97f4a7c15ULL));
    int sum = -510;
    for (int byte = 0; byte < 4; ++byte) sum += static_cast<int>(random >> (8 * byte) & 255U);
    const float value = static_cast<float>(sum) / 510.0F;
    to[i] = fp8 ? __nv_fp8_e4m3(value * 448.0F).__x : static_cast<std::uint8_t>(__float2int_rn(value * 127.0F));
  }
}

static __global__ void fill_scales(float* to, int count) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < count) to[i] = 0.001F + 0.0001F * static_cast<float>(i % 97);
}

/// What one call reads and writes.
struct OperandSet {
  OperandSet(int m, int n, int k, bool fp8, std::uint64_t seed)
      : a(static_cast<std::size_t>(m) * k),
        w(static_cast<std::size_t>(n) * k),
        scale_a(sizeof(float) * m),
        scale_w(sizeof(float) * n),
        d(static_cast<std::size_t>(m) * n * 2) {
    fill_normal<<<1024, 256>>>(a.as<std::uint8_t>(), static_cast<std::int64_t>(m) * k, fp8, 2 * seed);
    fill_normal<<<1024, 256>>>(w.as<std::uint8_t>(), static_cast<std::int64_t>(n) * k, fp8, 2 * seed + 1);
    fill_scales<<<(m + 255) / 256, 256>>>(scale_a.as<float>(), m);
    fill_scales<<<(n + 255) / 256, 256>>>(scale_w.as<float>(), n);
    cuda::check_launch();
  }

  kernels::ScaledGemmArguments arguments(int m, int n, int k) const {
    kernels::ScaledGemmArguments out;
    out.m = m;
    out.n = n;
    out.k = k;
    out.a = a.data();
    out.lda = k;
    out.w = w.data();
    out.ldw = k;
    out.scale_a = scale_a.as<float>();
    out.scale_a_per_row = true;
    out.scale_w = scale_w.as<float>();
    out.scale_w_per_channel = true;
    out.d = d.data();
    out.ldd = n;
    return out;
  }

  cuda::DeviceBuffer a, w, scale_a, scale_w, d;
};

}  // namespace qgemm::bench
