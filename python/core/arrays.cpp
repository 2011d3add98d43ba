#include "arrays.hpp"

#include <optional>
#include <string>

#include "qgemm/dtype.hpp"
#include "qgemm/error.hpp"

namespace qgemm::python {
namespace {

std::optional<DType> dtype_of(const nb::dlpack::dtype& type) {
  using nb::dlpack::dtype_code;
  if (type.lanes != 1) return std::nullopt;
  const auto is = [&](dtype_code code, int bits) {
    return type.code == static_cast<std::uint8_t>(code) && type.bits == bits;
  };
  if (is(dtype_code::Float, 32)) return DType::f32;
  if (is(dtype_code::Float, 16)) return DType::f16;
  if (is(dtype_code::Bfloat, 16)) return DType::bf16;
  if (is(dtype_code::Int, 8)) return DType::s8;
  if (is(dtype_code::Int, 32)) return DType::s32;
  return std::nullopt;
}

std::string shape_text(const auto& array) {
  std::string text = "[";
  for (std::size_t i = 0; i < array.ndim(); ++i) text += (i > 0 ? ", " : "") + std::to_string(array.shape(i));
  return text + "]";
}

DType checked_dtype(const char* name, const auto& array) {
  if (array.device_type() != nb::device::cpu::value) {
    throw InvalidInput(std::string(name) + " is on a device (DLPack's type " + std::to_string(array.device_type()) +
                       "): this package takes arrays in the host's memory, move it there (`.cpu()`)");
  }
  const auto type = dtype_of(array.dtype());
  if (!type) {
    throw InvalidInput(std::string(name) +
                       " has elements of another type than bfloat16, float16, float32, int8 or int32: convert it");
  }
  return *type;
}

void check_matrix(const char* name, const auto& array) {
  if (array.ndim() != 2) {
    throw InvalidInput(std::string(name) + " has shape " + shape_text(array) + ": give a matrix of two dimensions");
  }
}

template <class View, class Data>
View view_of(const char* name, Data* data, DType type, std::int64_t rows, std::int64_t cols, std::int64_t row_stride,
             std::int64_t stride) {
  if ((stride != 1 && cols > 1) || (row_stride < cols && rows > 1)) {
    throw InvalidInput(std::string(name) +
                       " does not have a row's elements beside one another: make it contiguous (`.contiguous()`)");
  }
  return {data, type, rows, cols, rows > 1 ? row_stride : cols};
}

template <class T>
std::span<T> dense(const char* name, const auto& array, T* data, DType expected) {
  if (checked_dtype(name, array) != expected) {
    throw InvalidInput(std::string(name) + " has to be " + (expected == DType::f32 ? "float32" : "int32"));
  }
  std::int64_t step = 1;
  for (std::size_t i = array.ndim(); i-- > 0;) {
    if (array.shape(i) > 1 && array.stride(i) != step) {
      throw InvalidInput(std::string(name) + " is not dense: make it contiguous (`.contiguous()`)");
    }
    step *= static_cast<std::int64_t>(array.shape(i));
  }
  return {data, array.size()};
}

}  // namespace

DType output_dtype(std::string_view name) {
  if (name == "bfloat16" || name == "bf16") return DType::bf16;
  if (name == "float16" || name == "f16" || name == "half") return DType::f16;
  if (name == "float32" || name == "f32" || name == "float") return DType::f32;
  throw InvalidInput("'" + std::string(name.substr(0, 64)) +
                     "' is no type of a product: use bfloat16, float16 or float32");
}

ConstMatrixView matrix(const char* name, const Array& array) {
  const DType type = checked_dtype(name, array);
  check_matrix(name, array);
  return view_of<ConstMatrixView>(name, array.data(), type, static_cast<std::int64_t>(array.shape(0)),
                                  static_cast<std::int64_t>(array.shape(1)), array.stride(0), array.stride(1));
}

MatrixView writable_matrix(const char* name, const WritableArray& array) {
  const DType type = checked_dtype(name, array);
  check_matrix(name, array);
  return view_of<MatrixView>(name, array.data(), type, static_cast<std::int64_t>(array.shape(0)),
                             static_cast<std::int64_t>(array.shape(1)), array.stride(0), array.stride(1));
}

ConstMatrixView transposed_matrix(const char* name, const Array& array) {
  const DType type = checked_dtype(name, array);
  check_matrix(name, array);
  const auto rows = static_cast<std::int64_t>(array.shape(1)), cols = static_cast<std::int64_t>(array.shape(0));
  if ((array.stride(0) != 1 && cols > 1) || (array.stride(1) < cols && rows > 1)) {
    throw InvalidInput(std::string(name) + " is no transpose of a row-major matrix [N, K]: give weights as `w.t()`");
  }
  return {array.data(), type, rows, cols, rows > 1 ? array.stride(1) : cols};
}

std::span<const float> floats(const char* name, const Array& array) {
  return dense(name, array, static_cast<const float*>(array.data()), DType::f32);
}

std::span<const std::int32_t> integers(const char* name, const Array& array) {
  return dense(name, array, static_cast<const std::int32_t*>(array.data()), DType::s32);
}

std::span<float> writable_floats(const char* name, const WritableArray& array) {
  return dense(name, array, static_cast<float*>(array.data()), DType::f32);
}

std::span<std::int32_t> writable_integers(const char* name, const WritableArray& array) {
  return dense(name, array, static_cast<std::int32_t*>(array.data()), DType::s32);
}

}  // namespace qgemm::python
