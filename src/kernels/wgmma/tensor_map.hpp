#pragma once
#include <cuda.h>

#include <cstdint>

namespace qgemm::kernels::wgmma {

/// What the tensor copy engine has to know of a row-major matrix and the boxes that it moves.
struct MatrixBoxes {
  const void* data = nullptr;  ///< Device memory, 16-byte aligned.
  std::int64_t rows = 0, columns = 0;
  std::int64_t stride = 0;            ///< Elements from row to row; that many bytes a multiple of 16.
  int element_bytes = 1;              ///< 1 or 2
  int box_rows = 1, box_columns = 1;  ///< At most 256 each; a box's row is the swizzle's 32, 64 or 128 bytes.
};

/// The engine's own form of it. What lies outside of the matrix is read as zeros and not written. Throws `Unavailable`
/// where the driver does not know the engine or does not take the numbers.
CUtensorMap tensor_map(const MatrixBoxes& boxes);

}  // namespace qgemm::kernels::wgmma
