#include "kernels/wgmma/tensor_map.hpp"

#include <cuda_runtime_api.h>

#include <string>

#include "cuda/cuda_error.hpp"
#include "qgemm/error.hpp"

namespace qgemm::kernels::wgmma {
namespace {

using Encode = CUresult (*)(CUtensorMap*, CUtensorMapDataType, cuuint32_t, void*, const cuuint64_t*, const cuuint64_t*,
                            const cuuint32_t*, const cuuint32_t*, CUtensorMapInterleave, CUtensorMapSwizzle,
                            CUtensorMapL2promotion, CUtensorMapFloatOOBfill);

/// The driver is asked for it at run time: the program starts on machines without one.
Encode find_encode() {
  void* found = nullptr;
  cudaDriverEntryPointQueryResult result{};
#if CUDART_VERSION >= 12050
  constexpr unsigned since = 12000;
  cuda::check(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &found, since, cudaEnableDefault, &result));
#else
  cuda::check(cudaGetDriverEntryPoint("cuTensorMapEncodeTiled", &found, cudaEnableDefault, &result));
#endif
  if (result != cudaDriverEntryPointSuccess || found == nullptr) {
    throw Unavailable("this driver does not know tensor maps: install one for CUDA 12 or later");
  }
  return reinterpret_cast<Encode>(found);
}

CUtensorMapSwizzle swizzle_of(int row_bytes) {
  switch (row_bytes) {
    case 128: return CU_TENSOR_MAP_SWIZZLE_128B;
    case 64: return CU_TENSOR_MAP_SWIZZLE_64B;
    case 32: return CU_TENSOR_MAP_SWIZZLE_32B;
    default: throw Unavailable("a box's row of " + std::to_string(row_bytes) + " bytes has no swizzle");
  }
}

}  // namespace

CUtensorMap tensor_map(const MatrixBoxes& boxes) {
  static const Encode encode = find_encode();
  const auto bytes = static_cast<cuuint64_t>(boxes.element_bytes);
  const cuuint64_t extents[] = {static_cast<cuuint64_t>(boxes.columns), static_cast<cuuint64_t>(boxes.rows)};
  const cuuint64_t strides[] = {static_cast<cuuint64_t>(boxes.stride) * bytes};
  const cuuint32_t box[] = {static_cast<cuuint32_t>(boxes.box_columns), static_cast<cuuint32_t>(boxes.box_rows)};
  const cuuint32_t steps[] = {1, 1};
  CUtensorMap map{};
  const CUresult result =
      encode(&map, boxes.element_bytes == 1 ? CU_TENSOR_MAP_DATA_TYPE_UINT8 : CU_TENSOR_MAP_DATA_TYPE_UINT16, 2,
             const_cast<void*>(boxes.data), extents, strides, box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE,
             swizzle_of(boxes.box_columns * boxes.element_bytes), CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
             CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  if (result != CUDA_SUCCESS) {
    throw Unavailable("the driver takes no tensor map of " + std::to_string(boxes.rows) + "x" +
                      std::to_string(boxes.columns) + " (error " + std::to_string(static_cast<int>(result)) + ")");
  }
  return map;
}

}  // namespace qgemm::kernels::wgmma
