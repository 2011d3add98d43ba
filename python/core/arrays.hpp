#pragma once
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "qgemm/matrix.hpp"

namespace qgemm::python {

namespace nb = nanobind;

/// An array of any library that speaks DLPack; where it lies and what it holds is checked when it is viewed.
using Array = nb::ndarray<nb::ro>;
using WritableArray = nb::ndarray<>;

/// True for DLPack's device types of memory that the host reads, pinned or not.
bool in_host_memory(int device_type);

/// "bf16", "f16" or "f32". Throws `InvalidInput`.
DType output_dtype(std::string_view name);

/// Views of arrays in the host's memory, not copied; the array must outlive them. `name` is the argument's in messages.
/// All throw `InvalidInput` for another device, dtype, number of dimensions or layout than they take.
///
/// [rows, cols], a row's elements beside one another.
ConstMatrixView matrix(const char* name, const Array& array);
MatrixView writable_matrix(const char* name, const WritableArray& array);
/// A matrix B[K,N] that is the transpose of a row-major W[N,K], as weights are handed to `cutlass_scaled_mm`: as W.
ConstMatrixView transposed_matrix(const char* name, const Array& array);
/// float32 or int32 elements of any shape, dense.
std::span<const float> floats(const char* name, const Array& array);
std::span<const std::int32_t> integers(const char* name, const Array& array);
std::span<float> writable_floats(const char* name, const WritableArray& array);
std::span<std::int32_t> writable_integers(const char* name, const WritableArray& array);

}  // namespace qgemm::python
