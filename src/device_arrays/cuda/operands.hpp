#pragma once
#include <string>

#include "cuda/device_buffer.hpp"
#include "qgemm/device_arrays.hpp"

namespace qgemm {

/// As the rooms of the GPU take it, which read alone what is const here.
inline cuda::DeviceView view_of(const ConstDeviceMatrixView& view) {
  return {const_cast<void*>(view.data), view.dtype, view.rows, view.cols, view.stride};  // NOLINT: see above
}

/// Throws `InvalidInput`, naming the operand, where it is no matrix of at least one row and column.
void check_matrix(const char* what, const ConstDeviceMatrixView& view);
/// The same, and where it is not of f32, bf16 or f16.
void check_floats(const char* what, const ConstDeviceMatrixView& view);
/// "4 × 64"
std::string size_text(const ConstDeviceMatrixView& view);

}  // namespace qgemm
