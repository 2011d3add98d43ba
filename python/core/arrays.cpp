#include "arrays.hpp"

#include <optional>
#include <string>

#include "array_checks.hpp"
#include "qgemm/dtype.hpp"
#include "qgemm/error.hpp"

namespace qgemm::python {
namespace {

DType checked_dtype(const char* name, const auto& array) {
  if (!in_host_memory(array.device_type())) {
    throw InvalidInput(std::string(name) + " is on a device (DLPack's type " + std::to_string(array.device_type()) +
                       ") and others are not: move it to the host's memory (`.cpu()`), or all to one GPU");
  }
  return known_dtype(name, array.dtype());
}

template <class T>
std::span<T> dense(const char* name, const auto& array, T* data, DType expected) {
  check_dense(name, array, checked_dtype(name, array), expected);
  return {data, array.size()};
}

}  // namespace

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
  if (is(dtype_code::Float8_E4M3FN, 8) || is(dtype_code::UInt, 8)) return DType::e4m3;
  return std::nullopt;
}

nb::dlpack::dtype dlpack_type(DType type) {
  using nb::dlpack::dtype_code;
  const auto code = type == DType::bf16                       ? dtype_code::Bfloat
                    : type == DType::s8 || type == DType::s32 ? dtype_code::Int
                    : type == DType::e4m3                     ? dtype_code::UInt
                                                              : dtype_code::Float;
  return {static_cast<std::uint8_t>(code), static_cast<std::uint8_t>(8 * size_of(type)), 1};
}

DType known_dtype(const char* name, const nb::dlpack::dtype& type) {
  if (const auto known = dtype_of(type)) return *known;
  throw InvalidInput(std::string(name) +
                     " has elements of another type than bfloat16, float16, float32, int8, int32 or float8_e4m3fn "
                     "(or its bytes, uint8): convert it");
}

bool in_host_memory(int device_type) {
  constexpr int pinned = 3;  // DLPack's kDLCUDAHost
  return device_type == nb::device::cpu::value || device_type == pinned;
}

DType output_dtype(std::string_view name) {
  if (name == "bfloat16" || name == "bf16") return DType::bf16;
  if (name == "float16" || name == "f16" || name == "half") return DType::f16;
  if (name == "float32" || name == "f32" || name == "float") return DType::f32;
  throw InvalidInput("'" + std::string(name.substr(0, 64)) +
                     "' is no type of a product: use bfloat16, float16 or float32");
}

ConstMatrixView matrix(const char* name, const Array& array) {
  return rows_view<ConstMatrixView>(name, array, array.data(), checked_dtype(name, array));
}

MatrixView writable_matrix(const char* name, const WritableArray& array) {
  return rows_view<MatrixView>(name, array, array.data(), checked_dtype(name, array));
}

ConstMatrixView transposed_matrix(const char* name, const Array& array) {
  return transposed_view<ConstMatrixView>(name, array, array.data(), checked_dtype(name, array));
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
