#include <cstdint>

#include "cuda/cuda_error.hpp"
#include "quantize/cuda/row_sums.hpp"

namespace qgemm::cuda {
namespace {

constexpr int rows_per_block = 4;

/// A warp a row.
__global__ void row_sums(const std::int8_t* values, std::int64_t rows, std::int64_t pieces, std::int64_t stride,
                         std::int32_t* sums) {
  const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * rows_per_block + threadIdx.y;
  if (row >= rows) return;
  const auto* from = reinterpret_cast<const int4*>(values + row * stride);
  constexpr int ones = 0x01010101;
  int sum = 0;
  for (std::int64_t i = threadIdx.x; i < pieces; i += 32) {
    const int4 piece = __ldg(from + i);
    sum = __dp4a(piece.x, ones, __dp4a(piece.y, ones, __dp4a(piece.z, ones, __dp4a(piece.w, ones, sum))));
  }
  sum = __reduce_add_sync(0xffffffffU, sum);
  if (threadIdx.x == 0) sums[row] = sum;
}

}  // namespace

void enqueue_row_sums(const DeviceView& values, std::int32_t* sums, cudaStream_t stream) {
  const auto grid = static_cast<unsigned>((values.rows + rows_per_block - 1) / rows_per_block);
  row_sums<<<grid, dim3(32, rows_per_block), 0, stream>>>(static_cast<const std::int8_t*>(values.data), values.rows,
                                                          values.cols / 16, values.stride, sums);
  check_launch();
}

}  // namespace qgemm::cuda
