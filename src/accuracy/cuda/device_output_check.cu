#include <algorithm>
#include <cstdint>
#include <optional>

#include "accuracy/cuda/device_output_check.hpp"
#include "accuracy/cuda/elements.cuh"
#include "accuracy/cuda/first_index.cuh"
#include "cuda/cuda_error.hpp"

namespace qgemm::cuda {
namespace {

/// `Epilogue` in device memory: what is one for all has a step of 0, what is absent a null pointer.
struct DeviceEpilogue {
  const float* scale_a = nullptr;
  const float* scale_w = nullptr;
  const std::int32_t* azp = nullptr;
  const std::int32_t* colsum = nullptr;
  const float* bias = nullptr;
  int scale_a_step = 0, scale_w_step = 0, azp_step = 0;
};

/// A row's part of the epilogue.
struct RowEpilogue {
  float scale_a;
  std::int32_t azp;
};
__device__ RowEpilogue row_of(const DeviceEpilogue& e, std::int64_t m) {
  return {e.scale_a[m * e.scale_a_step], e.azp == nullptr ? 0 : e.azp[m * e.azp_step]};
}

/// The float32 value before the rounding to the output type; each operation rounds once, none is contracted.
__device__ float expected_value(std::int32_t sum, const RowEpilogue& row, std::int64_t n, const DeviceEpilogue& e) {
  float value = 0;
  if (e.azp == nullptr) {
    value = __int2float_rn(sum);
  } else {
    value = __ll2float_rn(static_cast<long long>(sum) - static_cast<long long>(row.azp) * e.colsum[n]);
  }
  value = __fmul_rn(row.scale_a, __fmul_rn(e.scale_w[n * e.scale_w_step], value));
  return e.bias == nullptr ? value : __fadd_rn(value, e.bias[n]);
}

/// Half a unit in the last place relative to the value, and the same at the bottom of the range.
template <class T>
struct Roundoff;
template <>
struct Roundoff<float> {
  static constexpr double relative = 0x1p-24, smallest = 0x1p-150;
};
template <>
struct Roundoff<__nv_bfloat16> {
  static constexpr double relative = 0x1p-8, smallest = 0x1p-134;
};
template <>
struct Roundoff<__half> {
  static constexpr double relative = 0x1p-11, smallest = 0x1p-25;
};

/// `qgemm::within_one_rounding` for what is not the very value expected: the same operations, none contracted.
template <class T>
__device__ __noinline__ bool nearly(float actual, float expected, float bias) {
  if (isnan(actual) && isnan(expected)) return true;
  if (!isfinite(actual) || !isfinite(expected)) {
    return isinf(actual) && isfinite(expected) && to_float32(rounded<T>(__fmul_rn(expected, 1 + 0x1p-20F))) == actual;
  }
  const double size = fabs(static_cast<double>(expected));
  const double slack = __dmul_rn(4 * 0x1p-24, __dadd_rn(2 * fabs(static_cast<double>(bias)), size));
  const double allowed =
      __dadd_rn(__dadd_rn(__dmul_rn(Roundoff<T>::relative, __dadd_rn(size, slack)), slack), Roundoff<T>::smallest);
  return fabs(__dsub_rn(static_cast<double>(actual), static_cast<double>(expected))) <= allowed;
}

template <class T>
__device__ bool is_right(T element, std::int32_t sum, const RowEpilogue& row, std::int64_t n, const DeviceEpilogue& e) {
  const float expected = expected_value(sum, row, n, e), actual = to_float32(element);
  return actual == to_float32(rounded<T>(expected)) || nearly<T>(actual, expected, e.bias == nullptr ? 0 : e.bias[n]);
}

constexpr int threads = 256, piece = 4;
template <class T>
struct alignas(piece * sizeof(T)) Piece {
  T values[piece];
};

/// A block takes 1,024 columns of every gridDim.y-th row. Wide: rows are whole, aligned pieces of four elements.
template <class T, bool Wide>
__global__ void __launch_bounds__(threads)
    check_elements(const T* __restrict__ d, std::int64_t d_stride, const std::int32_t* __restrict__ sums,
                   std::int64_t sums_stride, std::int64_t rows, std::int64_t cols, DeviceEpilogue e, FirstIndex wrong) {
  const std::int64_t base = blockIdx.x * static_cast<std::int64_t>(threads) * piece;
  for (std::int64_t m = blockIdx.y; m < rows; m += gridDim.y) {
    const RowEpilogue row = row_of(e, m);
    if constexpr (Wide) {
      const std::int64_t n = base + threadIdx.x * piece;
      if (n >= cols) return;
      const auto element = *reinterpret_cast<const Piece<T>*>(d + m * d_stride + n);
      const auto sum = *reinterpret_cast<const Piece<std::int32_t>*>(sums + m * sums_stride + n);
#pragma unroll
      for (int i = 0; i < piece; ++i) {
        if (!is_right(element.values[i], sum.values[i], row, n + i, e)) wrong.note(m * cols + n + i);
      }
    } else {
#pragma unroll
      for (int i = 0; i < piece; ++i) {
        const std::int64_t n = base + i * threads + threadIdx.x;
        if (n < cols && !is_right(d[m * d_stride + n], sums[m * sums_stride + n], row, n, e)) wrong.note(m * cols + n);
      }
    }
  }
}

template <class T>
__global__ void describe_element(const T* d, const std::int32_t* sum, std::int64_t m, std::int64_t n, DeviceEpilogue e,
                                 float* out) {
  out[0] = expected_value(*sum, row_of(e, m), n, e);
  out[1] = to_float32(*d);
}

bool aligned_to(const DeviceView& x, std::size_t bytes) {
  return reinterpret_cast<std::uintptr_t>(x.data) % bytes == 0 && x.stride % piece == 0;
}

DeviceEpilogue epilogue_of(const DeviceActivations& a, const DeviceQuantizedWeights& w, const float* bias) {
  const auto step = [](const DeviceBuffer& one_or_all) { return one_or_all.size() > sizeof(float) ? 1 : 0; };
  DeviceEpilogue e;
  e.scale_a = a.scales.as<float>();
  e.scale_a_step = step(a.scales);
  e.scale_w = w.scales.as<float>();
  e.scale_w_step = w.granularity == ScaleGranularity::per_channel ? 1 : 0;
  if (a.azp.size() > 0) {
    e.azp = a.azp.as<std::int32_t>();
    e.azp_step = step(a.azp);
    e.colsum = w.colsum.as<std::int32_t>();
  }
  e.bias = bias;
  return e;
}

}  // namespace

std::optional<WrongOutput> first_wrong_output(const DeviceView& d, const DeviceView& sums, const DeviceActivations& a,
                                              const DeviceQuantizedWeights& w, const float* bias, cudaStream_t stream) {
  if (sums.dtype != DType::s32 || sums.rows != d.rows || sums.cols != d.cols || d.cols != w.n ||
      d.rows != a.values.rows()) {
    throw InvalidInput("the result and the sums are not those of a product of these activations and weights");
  }
  if (d.rows == 0 || d.cols == 0) return std::nullopt;
  const DeviceEpilogue epilogue = epilogue_of(a, w, bias);
  const DeviceBuffer memory(2 * sizeof(std::uint64_t));
  const FirstIndex wrong = FirstIndex::cleared(memory, stream);
  return with_output_type(d.dtype, "the result", [&](auto tag) -> std::optional<WrongOutput> {
    using T = typename decltype(tag)::type;
    const auto* elements = static_cast<const T*>(d.data);
    const auto* first_sum = static_cast<const std::int32_t*>(sums.data);
    const bool wide = d.cols % piece == 0 && aligned_to(d, sizeof(Piece<T>)) && aligned_to(sums, sizeof(int4));
    const dim3 grid(static_cast<unsigned>((d.cols + threads * piece - 1) / (threads * piece)),
                    static_cast<unsigned>(std::min<std::int64_t>(d.rows, 2048)));
    (wide ? check_elements<T, true> : check_elements<T, false>)<<<grid, threads, 0, stream>>>(
        elements, d.stride, first_sum, sums.stride, d.rows, d.cols, epilogue, wrong);
    check_launch();
    const auto index = wrong.fetch(stream);
    if (!index) return std::nullopt;
    const std::int64_t m = *index / d.cols, n = *index % d.cols;
    float values[2] = {};
    describe_element<<<1, 1, 0, stream>>>(elements + m * d.stride + n, first_sum + m * sums.stride + n, m, n, epilogue,
                                          memory.as<float>());
    check_launch();
    check(cudaMemcpyAsync(values, memory.data(), sizeof(values), cudaMemcpyDeviceToHost, stream));
    check(cudaStreamSynchronize(stream));
    return WrongOutput{m, n, values[0], values[1]};
  });
}

}  // namespace qgemm::cuda
