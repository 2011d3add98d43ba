#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "qgemm/dtype.hpp"
#include "qgemm/matrix.hpp"

namespace qgemm::cuda {

/// Uninitialised memory of the current device, aligned to 256 bytes. The destructor waits for the device.
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  /// Throws `OutOfMemory` naming the size. Zero bytes are no allocation.
  explicit DeviceBuffer(std::size_t bytes);

  std::size_t size() const { return bytes_; }
  void* data() const { return data_.get(); }
  template <class T>
  T* as() const {
    return static_cast<T*>(data_.get());
  }

 private:
  struct Free {
    void operator()(void* p) const { cudaFree(p); }
  };
  std::unique_ptr<void, Free> data_;
  std::size_t bytes_ = 0;
};

/// A row-major matrix in device memory that somebody else owns; a type of its own, so that no host code takes it for
/// memory it could read. `stride`: elements from one row to the next, ≥ `cols`.
struct DeviceView {
  void* data = nullptr;
  DType dtype = DType::f32;
  std::int64_t rows = 0, cols = 0, stride = 0;
};

/// An owned row-major matrix in device memory, uninitialised.
class DeviceMatrix {
 public:
  DeviceMatrix() = default;
  /// Rows lie `stride` elements apart (0: dense).
  DeviceMatrix(DType dtype, std::int64_t rows, std::int64_t cols, std::int64_t stride = 0);

  DeviceView view() const { return {buffer_.data(), dtype_, rows_, cols_, stride_}; }
  DType dtype() const { return dtype_; }
  std::int64_t rows() const { return rows_; }
  std::int64_t cols() const { return cols_; }
  std::int64_t stride() const { return stride_; }
  std::size_t bytes() const { return buffer_.size(); }
  void* data() const { return buffer_.data(); }

 private:
  DType dtype_ = DType::f32;
  std::int64_t rows_ = 0, cols_ = 0, stride_ = 0;
  DeviceBuffer buffer_;
};

/// Copies that end before they return. (cudaMemcpy alone may return once it has read the host's memory, and streams
/// that do not wait for the default one, as ours, then overtake it.) Shapes and types have to agree.
void copy_to_device(const void* from, void* to, std::size_t bytes);
void copy_to_device(const ConstMatrixView& from, const DeviceView& to);
void copy_to_host(const DeviceView& from, const MatrixView& to);
/// Enqueued on `stream`.
void copy_on_device(const DeviceView& from, const DeviceView& to, cudaStream_t stream);

}  // namespace qgemm::cuda
