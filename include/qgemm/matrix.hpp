#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "qgemm/dtype.hpp"

namespace qgemm {

/// A row-major matrix that somebody else owns. `stride` is the distance of two rows in elements, ≥ `cols`.
struct ConstMatrixView {
  const void* data = nullptr;
  DType dtype = DType::f32;
  std::int64_t rows = 0, cols = 0, stride = 0;

  template <class T>
  const T* row(std::int64_t r) const {
    return static_cast<const T*>(data) + r * stride;
  }
};

/// As `ConstMatrixView`, writable.
struct MatrixView {
  void* data = nullptr;
  DType dtype = DType::f32;
  std::int64_t rows = 0, cols = 0, stride = 0;

  template <class T>
  T* row(std::int64_t r) const {
    return static_cast<T*>(data) + r * stride;
  }
  // NOLINTNEXTLINE(google-explicit-constructor): a writable view is usable wherever a read-only one is
  operator ConstMatrixView() const { return {data, dtype, rows, cols, stride}; }
};

/// Uninitialised host memory, aligned to 64 bytes (a cache line and a zmm register). From 4 MiB on it is aligned to
/// pages of 2 MiB and fresh from the system: on pages that the heap had used before, a product was measured to be up to
/// a quarter slower than on others, so that the order of allocations would show in its time.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  /// Throws `OutOfMemory` naming the size.
  explicit AlignedBuffer(std::size_t bytes);

  std::byte* data() const { return data_.get(); }
  std::size_t size() const { return bytes_; }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data_.get());
  }

 private:
  struct Free {
    void operator()(std::byte* p) const;
    std::size_t mapped;  ///< Bytes to give back to the system; 0, as it is without a value: to the heap.
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t bytes_ = 0;
};

/// An owned, dense, row-major host matrix; its elements start uninitialised.
class Matrix {
 public:
  Matrix() = default;
  /// Throws `InvalidInput` for a negative size, `OutOfMemory` where it does not fit.
  Matrix(DType dtype, std::int64_t rows, std::int64_t cols);

  DType dtype() const { return dtype_; }
  std::int64_t rows() const { return rows_; }
  std::int64_t cols() const { return cols_; }
  std::size_t bytes() const { return buffer_.size(); }
  void* data() const { return buffer_.data(); }
  template <class T>
  T* row(std::int64_t r) const {
    return buffer_.as<T>() + r * cols_;
  }
  MatrixView view() { return {data(), dtype_, rows_, cols_, cols_}; }
  ConstMatrixView view() const { return {data(), dtype_, rows_, cols_, cols_}; }

 private:
  DType dtype_ = DType::f32;
  std::int64_t rows_ = 0, cols_ = 0;
  AlignedBuffer buffer_;
};

/// Element (r, c) as float, whatever the type; exact, but for s32 past 2²⁴, which rounds. Slow; for checks and
/// examples.
float element(const ConstMatrixView& matrix, std::int64_t r, std::int64_t c);

/// Stores `value` rounded half to even into an f32, bf16 or f16 matrix. Slow; for checks and examples.
void set_element(const MatrixView& matrix, std::int64_t r, std::int64_t c, float value);

}  // namespace qgemm
