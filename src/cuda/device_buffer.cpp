#include "cuda/device_buffer.hpp"

#include <string>

#include "cuda/cuda_error.hpp"

namespace qgemm::cuda {
namespace {

void copy(const void* from, std::int64_t from_stride, void* to, std::int64_t to_stride, std::int64_t rows,
          std::int64_t cols, DType type, cudaMemcpyKind kind, cudaStream_t stream) {
  if (rows == 0 || cols == 0) return;
  const std::size_t size = size_of(type);
  check(cudaMemcpy2DAsync(to, static_cast<std::size_t>(to_stride) * size, from,
                          static_cast<std::size_t>(from_stride) * size, static_cast<std::size_t>(cols) * size,
                          static_cast<std::size_t>(rows), kind, stream));
}

template <class From, class To>
void check_alike(const From& from, const To& to) {
  if (from.dtype != to.dtype || from.rows != to.rows || from.cols != to.cols) {
    throw InvalidInput("a matrix can be copied only to one of the same type and size");
  }
}

}  // namespace

DeviceBuffer::DeviceBuffer(std::size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  void* pointer = nullptr;
  const cudaError_t status = cudaMalloc(&pointer, bytes);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    throw OutOfMemory("the GPU has no " + std::to_string((bytes >> 20U) + 1) +
                      " MiB left in one piece: end other programs on it, or choose smaller shapes or a larger TP");
  }
  check(status);
  data_.reset(pointer);
}

DeviceMatrix::DeviceMatrix(DType dtype, std::int64_t rows, std::int64_t cols, std::int64_t stride)
    : dtype_(dtype),
      rows_(rows),
      cols_(cols),
      stride_(stride == 0 ? cols : stride),
      buffer_(static_cast<std::size_t>(rows * stride_) * size_of(dtype)) {}

void copy_to_device(const void* from, void* to, std::size_t bytes) {
  check(cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice));
  check(cudaStreamSynchronize(nullptr));
}

void copy_to_device(const ConstMatrixView& from, const DeviceView& to) {
  check_alike(from, to);
  copy(from.data, from.stride, to.data, to.stride, from.rows, from.cols, from.dtype, cudaMemcpyHostToDevice, nullptr);
  check(cudaStreamSynchronize(nullptr));
}

void copy_to_host(const DeviceView& from, const MatrixView& to) {
  check_alike(from, to);
  copy(from.data, from.stride, to.data, to.stride, from.rows, from.cols, from.dtype, cudaMemcpyDeviceToHost, nullptr);
  check(cudaStreamSynchronize(nullptr));
}

void copy_on_device(const DeviceView& from, const DeviceView& to, cudaStream_t stream) {
  check_alike(from, to);
  copy(from.data, from.stride, to.data, to.stride, from.rows, from.cols, from.dtype, cudaMemcpyDeviceToDevice, stream);
}

}  // namespace qgemm::cuda
