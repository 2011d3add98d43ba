#pragma once
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>
#include <optional>
#include <string>

#include "qgemm/dtype.hpp"
#include "qgemm/error.hpp"

// What views of arrays in the host's memory and on a GPU ask alike.
namespace qgemm::python {

/// The library's type; bytes (uint8) are taken for e4m3, which not every array library can hand over as such.
std::optional<DType> dtype_of(const nanobind::dlpack::dtype& type);
/// DLPack's type of D, scales and codes.
nanobind::dlpack::dtype dlpack_type(DType type);
/// `dtype_of`, or an `InvalidInput` that names the argument.
DType known_dtype(const char* name, const nanobind::dlpack::dtype& type);

std::string shape_text(const auto& array) {
  std::string text = "[";
  for (std::size_t i = 0; i < array.ndim(); ++i) text += (i > 0 ? ", " : "") + std::to_string(array.shape(i));
  return text + "]";
}

void check_two_dimensions(const char* name, const auto& array) {
  if (array.ndim() != 2) {
    throw InvalidInput(std::string(name) + " has shape " + shape_text(array) + ": give a matrix of two dimensions");
  }
}

/// A row-major [rows, cols] of any kind of view.
template <class View>
View rows_view(const char* name, const auto& array, auto* data, DType type) {
  check_two_dimensions(name, array);
  const auto rows = static_cast<std::int64_t>(array.shape(0)), cols = static_cast<std::int64_t>(array.shape(1));
  const std::int64_t row_stride = array.stride(0), stride = array.stride(1);
  if ((stride != 1 && cols > 1) || (row_stride < cols && rows > 1)) {
    throw InvalidInput(std::string(name) +
                       " does not have a row's elements beside one another: make it contiguous (`.contiguous()`)");
  }
  return {data, type, rows, cols, rows > 1 ? row_stride : cols};
}

/// B[K,N] that is the transpose of a row-major W[N,K]: as W.
template <class View>
View transposed_view(const char* name, const auto& array, auto* data, DType type) {
  check_two_dimensions(name, array);
  const auto rows = static_cast<std::int64_t>(array.shape(1)), cols = static_cast<std::int64_t>(array.shape(0));
  if ((array.stride(0) != 1 && cols > 1) || (array.stride(1) < cols && rows > 1)) {
    throw InvalidInput(std::string(name) + " is no transpose of a row-major matrix [N, K]: give weights as `w.t()`");
  }
  return {data, type, rows, cols, rows > 1 ? array.stride(1) : cols};
}

void check_dense(const char* name, const auto& array, DType type, DType expected) {
  if (type != expected) {
    throw InvalidInput(std::string(name) + " has to be " + (expected == DType::f32 ? "float32" : "int32"));
  }
  std::int64_t step = 1;
  for (std::size_t i = array.ndim(); i-- > 0;) {
    if (array.shape(i) > 1 && array.stride(i) != step) {
      throw InvalidInput(std::string(name) + " is not dense: make it contiguous (`.contiguous()`)");
    }
    step *= static_cast<std::int64_t>(array.shape(i));
  }
}

}  // namespace qgemm::python
