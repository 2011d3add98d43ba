#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "accuracy/cuda/device_sample.hpp"
#include "accuracy/cuda/elements.cuh"
#include "accuracy/cuda/warp_sum.cuh"
#include "cuda/cuda_error.hpp"
#include "qgemm/error.hpp"

namespace qgemm::cuda {
namespace {

constexpr int threads = 128;

/// A sample's rows and columns in device memory.
class DeviceSample {
 public:
  DeviceSample(const Sample& sample, cudaStream_t stream)
      : rows_(sample.rows.size()),
        cols_(sample.cols.size()),
        indices_((rows_ + cols_) * sizeof(std::int64_t)),
        size_(static_cast<std::int64_t>(sample.size())) {
    std::vector<std::int64_t> all = sample.rows;
    all.insert(all.end(), sample.cols.begin(), sample.cols.end());
    check(cudaMemcpyAsync(indices_.data(), all.data(), indices_.size(), cudaMemcpyHostToDevice, stream));
    check(cudaStreamSynchronize(stream));
  }
  const std::int64_t* rows() const { return indices_.as<std::int64_t>(); }
  const std::int64_t* cols() const { return rows() + rows_; }
  std::int64_t width() const { return static_cast<std::int64_t>(cols_); }
  std::int64_t size() const { return size_; }
  unsigned blocks(int elements_a_block) const {
    return static_cast<unsigned>((size_ + elements_a_block - 1) / elements_a_block);
  }

 private:
  std::size_t rows_, cols_;
  DeviceBuffer indices_;
  std::int64_t size_;
};

void check_inside(const std::vector<std::int64_t>& indices, std::int64_t extent, const char* what) {
  for (const std::int64_t i : indices) {
    if (i < 0 || i >= extent) {
      throw InvalidInput(std::string("there is no ") + what + " " + std::to_string(i) + " among " +
                         std::to_string(extent));
    }
  }
}

std::vector<double> fetched(const DeviceBuffer& from, std::size_t count, cudaStream_t stream) {
  std::vector<double> out(count);
  check(cudaMemcpyAsync(out.data(), from.data(), count * sizeof(double), cudaMemcpyDeviceToHost, stream));
  check(cudaStreamSynchronize(stream));
  return out;
}

/// Element `i` of a matrix, exactly. The type is asked for at every element: samples are small.
__device__ double element(const DeviceView& x, std::int64_t i) {
  switch (x.dtype) {
    case DType::f32: return static_cast<double>(static_cast<const float*>(x.data)[i]);
    case DType::bf16: return static_cast<double>(to_float32(static_cast<const __nv_bfloat16*>(x.data)[i]));
    case DType::f16: return static_cast<double>(to_float32(static_cast<const __half*>(x.data)[i]));
    case DType::e4m3: return static_cast<double>(to_float32(static_cast<const __nv_fp8_e4m3*>(x.data)[i]));
    case DType::s8: return static_cast<double>(static_cast<const std::int8_t*>(x.data)[i]);
    case DType::s32: return static_cast<double>(static_cast<const std::int32_t*>(x.data)[i]);
  }
  return 0;
}

__global__ void gather(DeviceView d, const std::int64_t* __restrict__ rows, const std::int64_t* __restrict__ cols,
                       std::int64_t width, std::int64_t size, double* out) {
  const std::int64_t i = blockIdx.x * static_cast<std::int64_t>(threads) + threadIdx.x;
  if (i < size) out[i] = element(d, rows[i / width] * d.stride + cols[i % width]);
}

/// One element of the product a warp.
__global__ void multiply(DeviceView a, DeviceView w, const float* bias, const std::int64_t* __restrict__ rows,
                         const std::int64_t* __restrict__ cols, std::int64_t width, std::int64_t size, double* out) {
  const std::int64_t i = blockIdx.x * static_cast<std::int64_t>(threads / 32) + threadIdx.x / 32;
  if (i >= size) return;
  const std::int64_t n = cols[i % width], a_row = rows[i / width] * a.stride, w_row = n * w.stride;
  double sum = 0;
  for (std::int64_t k = threadIdx.x % 32; k < a.cols; k += 32) sum += element(a, a_row + k) * element(w, w_row + k);
  sum = warp_sum(sum);
  if (bias != nullptr) sum += static_cast<double>(bias[n]);
  if (threadIdx.x % 32 == 0) out[i] = sum;
}

void check_product(const DeviceView& a, const DeviceView& w, const Sample& sample) {
  if (a.cols != w.cols) {
    throw InvalidInput("activations with K = " + std::to_string(a.cols) +
                       " do not fit weights with K = " + std::to_string(w.cols));
  }
  check_inside(sample.rows, a.rows, "row");
  check_inside(sample.cols, w.rows, "column");
}

}  // namespace

std::vector<double> sampled(const DeviceView& d, const Sample& sample, cudaStream_t stream) {
  check_inside(sample.rows, d.rows, "row");
  check_inside(sample.cols, d.cols, "column");
  if (sample.size() == 0) return {};
  const DeviceSample places(sample, stream);
  const DeviceBuffer out(sample.size() * sizeof(double));
  gather<<<places.blocks(threads), threads, 0, stream>>>(d, places.rows(), places.cols(), places.width(), places.size(),
                                                         out.as<double>());
  check_launch();
  return fetched(out, sample.size(), stream);
}

std::vector<double> sampled_product(const DeviceView& a, const DeviceView& w, const float* bias, const Sample& sample,
                                    cudaStream_t stream) {
  check_product(a, w, sample);
  if (sample.size() == 0) return {};
  const DeviceSample places(sample, stream);
  const DeviceBuffer out(sample.size() * sizeof(double));
  multiply<<<places.blocks(threads / 32), threads, 0, stream>>>(a, w, bias, places.rows(), places.cols(),
                                                                places.width(), places.size(), out.as<double>());
  check_launch();
  return fetched(out, sample.size(), stream);
}

std::vector<std::int64_t> sampled_sums(const DeviceView& a, const DeviceView& w, const Sample& sample,
                                       cudaStream_t stream) {
  if (a.dtype != DType::s8 || w.dtype != DType::s8) throw InvalidInput("integer sums are those of int8 operands");
  // Sums of up to 2³⁹ such products are exact in float64.
  const std::vector<double> sums = sampled_product(a, w, nullptr, sample, stream);
  return {sums.begin(), sums.end()};
}

Matrix download_rows(const DeviceView& from, const std::vector<std::int64_t>& rows, cudaStream_t stream) {
  check_inside(rows, from.rows, "row");
  Matrix out(from.dtype, static_cast<std::int64_t>(rows.size()), from.cols);
  const std::size_t size = size_of(from.dtype), bytes = static_cast<std::size_t>(from.cols) * size;
  for (std::size_t i = 0; i < rows.size() && bytes > 0; ++i) {
    check(cudaMemcpyAsync(
        static_cast<std::byte*>(out.data()) + i * bytes,
        static_cast<const std::byte*>(from.data) + static_cast<std::size_t>(rows[i] * from.stride) * size, bytes,
        cudaMemcpyDeviceToHost, stream));
  }
  check(cudaStreamSynchronize(stream));
  return out;
}

}  // namespace qgemm::cuda
