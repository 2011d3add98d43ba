#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "cuda/cuda_error.hpp"
#include "cuda/device_buffer.hpp"
#include "qgemm/matrix.hpp"

namespace qgemm::testing {

template <class T>
cuda::DeviceBuffer on_device(const std::vector<T>& values) {
  cuda::DeviceBuffer buffer(values.size() * sizeof(T));
  if (!values.empty()) cuda::copy_to_device(values.data(), buffer.data(), buffer.size());
  return buffer;
}

/// A copy whose rows lie `stride` elements apart (0: dense), with bytes between them that no check may heed.
inline cuda::DeviceMatrix on_device(const ConstMatrixView& matrix, std::int64_t stride = 0) {
  cuda::DeviceMatrix copy(matrix.dtype, matrix.rows, matrix.cols, stride);
  cuda::check(cudaMemset(copy.data(), 0x7f, copy.bytes()));
  cuda::copy_to_device(matrix, copy.view());
  return copy;
}

/// A copy with rows and columns of zeros up to the given size.
inline cuda::DeviceMatrix padded_on_device(const ConstMatrixView& matrix, std::int64_t rows, std::int64_t cols) {
  cuda::DeviceMatrix copy(matrix.dtype, rows, cols);
  cuda::check(cudaMemset(copy.data(), 0, copy.bytes()));
  cuda::copy_to_device(matrix, {copy.data(), matrix.dtype, matrix.rows, matrix.cols, cols});
  return copy;
}

inline Matrix on_host(const cuda::DeviceView& matrix) {
  Matrix copy(matrix.dtype, matrix.rows, matrix.cols);
  cuda::copy_to_host(matrix, copy.view());
  return copy;
}

inline bool same_bits(const Matrix& a, const Matrix& b) {
  return a.dtype() == b.dtype() && a.rows() == b.rows() && a.cols() == b.cols() &&
         std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

}  // namespace qgemm::testing
