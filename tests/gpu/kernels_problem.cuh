#pragma once
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "cuda/cuda_error.hpp"
#include "cuda/device_buffer.hpp"
#include "kernels/scaled_gemm.hpp"
#include "naive_product.cuh"

namespace qgemm::testing {

template <class T>
cuda::DeviceBuffer to_device(const std::vector<T>& values) {
  cuda::DeviceBuffer buffer(values.size() * sizeof(T));
  if (values.empty()) return buffer;
  cuda::copy_to_device(values.data(), buffer.data(), buffer.size());
  return buffer;
}

template <class T>
std::vector<T> to_host(const cuda::DeviceBuffer& buffer) {
  std::vector<T> values(buffer.size() / sizeof(T));
  cuda::check(cudaMemcpy(values.data(), buffer.data(), buffer.size(), cudaMemcpyDeviceToHost));
  return values;
}

/// What a test multiplies.
struct ProblemOptions {
  std::int64_t m = 1, n = 8, k = 16;
  bool integer = true;
  Fill fill = Fill::any;
  bool scale_a_per_row = false, scale_w_per_channel = false;
  bool azp = false, azp_per_row = false, bias = false;
  std::int64_t extra_stride = 0;  ///< Multiple of 16, of all three matrices.
  int raster = 0, swizzle = 1;
  bool streams_weights = false;

  std::string text() const {
    const auto flag = [](bool on, const char* what) { return on ? std::string(" ") + what : std::string(); };
    return "M=" + std::to_string(m) + " N=" + std::to_string(n) + " K=" + std::to_string(k) +
           flag(scale_a_per_row, "per-row") + flag(scale_w_per_channel, "per-channel") + flag(azp, "azp") +
           flag(azp_per_row, "azp-per-row") + flag(bias, "bias") + flag(extra_stride != 0, "strided") + " raster " +
           std::to_string(raster) + " swizzle " + std::to_string(swizzle) + flag(streams_weights, "streaming");
  }
};

/// Operands on the device, and on the host what the expected results are made of.
class Problem {
 public:
  Problem(const ProblemOptions& options, std::uint64_t seed) : options_(options) {
    const auto& o = options_;
    std::mt19937_64 random(seed);
    const std::int64_t ld = o.k + o.extra_stride, ldd = o.n + o.extra_stride;
    a_ = operand(o.m, ld, random());
    w_ = operand(o.n, ld, random());
    d_ = cuda::DeviceBuffer(static_cast<std::size_t>(o.m * ldd) * 2);
    cuda::check(cudaMemset(d_.data(), 0xff, d_.size()));  // NaN in both types
    const auto uniform = [&](double low, double high) {
      return static_cast<float>(std::uniform_real_distribution<double>(low, high)(random));
    };
    for (std::int64_t i = 0; i < (o.scale_a_per_row ? o.m : 1); ++i) scale_a.push_back(uniform(0.001, 0.02));
    for (std::int64_t i = 0; i < (o.scale_w_per_channel ? o.n : 1); ++i) scale_w.push_back(uniform(0.0001, 0.01));
    const int widest = o.fill == Fill::limits ? 255 : 127;
    if (o.azp) {
      for (std::int64_t i = 0; i < (o.azp_per_row ? o.m : 1); ++i) {
        azp.push_back(std::uniform_int_distribution<int>(-widest, widest)(random));
      }
      // Any numbers do for a kernel; these leave int32 where K is at its limit.
      const auto most = static_cast<int>(128 * o.k);
      for (std::int64_t i = 0; i < o.n; ++i) {
        colsum.push_back(std::uniform_int_distribution<int>(-most, most)(random));
      }
    }
    if (o.bias) {
      for (std::int64_t i = 0; i < o.n; ++i) bias.push_back(uniform(-3, 3));
    }
    scale_a_ = to_device(scale_a);
    scale_w_ = to_device(scale_w);
    azp_ = to_device(azp);
    colsum_ = to_device(colsum);
    bias_ = to_device(bias);
    cuda::check(cudaDeviceSynchronize());  // the kernels' stream does not wait for this one
  }

  const ProblemOptions& options() const { return options_; }

  kernels::ScaledGemmArguments arguments() const {
    const auto& o = options_;
    kernels::ScaledGemmArguments out;
    out.m = o.m;
    out.n = o.n;
    out.k = o.k;
    out.a = a_.data();
    out.w = w_.data();
    out.lda = out.ldw = o.k + o.extra_stride;
    out.d = d_.data();
    out.ldd = o.n + o.extra_stride;
    out.scale_a = scale_a_.as<float>();
    out.scale_a_per_row = o.scale_a_per_row;
    out.scale_w = scale_w_.as<float>();
    out.scale_w_per_channel = o.scale_w_per_channel;
    out.azp = azp_.as<std::int32_t>();
    out.azp_per_row = o.azp_per_row;
    out.colsum = colsum_.as<std::int32_t>();
    out.bias = bias_.as<float>();
    out.raster = o.raster;
    out.swizzle = o.swizzle;
    out.streams_weights = o.streams_weights;
    return out;
  }

  std::vector<std::int32_t> integer_sums() const {
    const auto g = arguments();
    const cuda::DeviceBuffer sums(static_cast<std::size_t>(g.m * g.n) * sizeof(std::int32_t));
    naive_sums<<<blocks_for(g.m * g.n), 256>>>(static_cast<const std::int8_t*>(g.a), g.lda,
                                               static_cast<const std::int8_t*>(g.w), g.ldw, g.m, g.n, g.k,
                                               sums.as<std::int32_t>());
    cuda::check_launch();
    return to_host<std::int32_t>(sums);
  }

  /// Σ a·w and Σ |a·w|.
  std::pair<std::vector<double>, std::vector<double>> float_sums() const {
    const auto g = arguments();
    const cuda::DeviceBuffer sums(static_cast<std::size_t>(g.m * g.n) * sizeof(double));
    const cuda::DeviceBuffer magnitudes(sums.size());
    naive_sums<<<blocks_for(g.m * g.n), 256>>>(static_cast<const __nv_fp8_e4m3*>(g.a), g.lda,
                                               static_cast<const __nv_fp8_e4m3*>(g.w), g.ldw, g.m, g.n, g.k,
                                               sums.as<double>(), magnitudes.as<double>());
    cuda::check_launch();
    return {to_host<double>(sums), to_host<double>(magnitudes)};
  }

  /// D with its stride, 16 bits an element.
  std::vector<std::uint16_t> result() const { return to_host<std::uint16_t>(d_); }

  std::vector<float> scale_a, scale_w, bias;
  std::vector<std::int32_t> azp, colsum;

 private:
  cuda::DeviceBuffer operand(std::int64_t rows, std::int64_t stride, std::uint64_t seed) const {
    cuda::DeviceBuffer buffer(static_cast<std::size_t>(rows * stride));
    fill_operand<<<blocks_for(rows * stride), 256>>>(buffer.as<std::uint8_t>(), rows, stride, options_.integer,
                                                     options_.fill, seed);
    cuda::check_launch();
    return buffer;
  }

  ProblemOptions options_;
  cuda::DeviceBuffer a_, w_, d_, scale_a_, scale_w_, azp_, colsum_, bias_;
};

}  // namespace qgemm::testing
