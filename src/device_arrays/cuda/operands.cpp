#include "device_arrays/cuda/operands.hpp"

#include "qgemm/error.hpp"

namespace qgemm {

std::string size_text(const ConstDeviceMatrixView& view) {
  return std::to_string(view.rows) + " × " + std::to_string(view.cols);
}

void check_matrix(const char* what, const ConstDeviceMatrixView& view) {
  if (view.data != nullptr && view.rows >= 1 && view.cols >= 1 && view.stride >= view.cols) return;
  throw InvalidInput(std::string(what) + " is " + size_text(view) +
                     ": give data, at least one row and column, and a stride of at least a row");
}

void check_floats(const char* what, const ConstDeviceMatrixView& view) {
  check_matrix(what, view);
  if (view.dtype == DType::f32 || view.dtype == DType::bf16 || view.dtype == DType::f16) return;
  throw InvalidInput(std::string(what) + " is " + std::string(name(view.dtype)) + ": give f32, bf16 or f16");
}

}  // namespace qgemm
