#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <vector>

#include "cuda/cuda_error.hpp"
#include "cuda/device_buffer.hpp"
#include "device_copies.hpp"
#include "qgemm/matrix.hpp"

namespace qgemm::testing {

/// A matrix inside a larger buffer, so that its rows start where a test wants them.
struct PlacedCopy {
  cuda::DeviceBuffer buffer;
  cuda::DeviceView view;
};

/// A copy whose rows lie `stride` elements apart (0: dense), the first `offset` elements into the buffer, with bytes
/// around them that no kernel may heed.
inline PlacedCopy placed(const Matrix& matrix, std::int64_t stride = 0, std::int64_t offset = 0) {
  if (stride == 0) stride = matrix.cols();
  PlacedCopy copy;
  const auto size = static_cast<std::int64_t>(size_of(matrix.dtype()));
  copy.buffer = cuda::DeviceBuffer(static_cast<std::size_t>((matrix.rows() * stride + offset) * size));
  cuda::check(cudaMemset(copy.buffer.data(), 0x7f, copy.buffer.size()));
  copy.view = {copy.buffer.as<std::byte>() + offset * size, matrix.dtype(), matrix.rows(), matrix.cols(), stride};
  cuda::copy_to_device(matrix.view(), copy.view);
  return copy;
}

template <class T>
std::vector<T> on_host(const cuda::DeviceBuffer& buffer) {
  std::vector<T> values(buffer.size() / sizeof(T));
  if (!values.empty()) cuda::check(cudaMemcpy(values.data(), buffer.data(), buffer.size(), cudaMemcpyDeviceToHost));
  return values;
}

}  // namespace qgemm::testing
