#pragma once
#include <cstdint>

#include "quantize/cuda/input_dispatch.cuh"
#include "quantize/cuda/launch_rows.hpp"
#include "quantize/cuda/row_pieces.cuh"

namespace qgemm::cuda {

template <Code code, bool azp>
__device__ RowScale note_scale(const RowArguments& arguments, std::int64_t row, const Extent& extent) {
  const RowScale by = scale_of<code, azp>(extent);
  if (threadIdx.x == 0) {
    arguments.scales[row] = by.scale;
    if constexpr (azp) arguments.azp[row] = by.azp;
    if (!is_finite<azp>(extent)) atomicMin(arguments.bad_row, static_cast<std::uint32_t>(row));
  }
  return by;
}

/// One read: the row stays in registers between the search for its extent and the division. The bounds keep registers
/// few enough for three rows and more on an SM, so that while one waits the others load.
template <class In, Code code, bool azp, int held>
__global__ void __launch_bounds__(held == most_pieces ? most_threads : few_threads, held == most_pieces ? 1 : 3)
    quantize_held_rows(const RowArguments arguments) {
  let_product_start();
  __shared__ Extent slots[32];
  const std::int64_t row = row_of_thread();
  const std::int64_t some_row = min(row, arguments.rows - 1);
  const In* x = static_cast<const In*>(arguments.x) + some_row * arguments.x_stride;
  const int count = static_cast<int>(arguments.k / Input<In>::count);
  uint4 pieces[held];
  load_pieces(x, 0, count, pieces);
  ExtentOf<In, azp> seen;
#pragma unroll
  for (const uint4& piece : pieces) seen.take(piece);
  const Extent extent = row_extent<azp>(seen.get(), slots);
  if (row >= arguments.rows) return;

  const RowScale by = note_scale<code, azp>(arguments, row, extent);
  std::uint8_t* q = arguments.q + row * arguments.q_stride;
  const ExactDivisor divisor(by.scale);
  if (!is_ordinary<code>(divisor, by)) return quantize_elements<In, code>(x, arguments.k, q, by);
  store_pieces<In, code, !azp>(pieces, 0, count, q, by.azp,
                               [&](float value) { return divisor.template divide<In>(value); });
}

/// Two reads, element by element.
template <class In, Code code, bool azp>
__global__ void __launch_bounds__(1024) quantize_any_rows(const RowArguments arguments) {
  let_product_start();
  __shared__ Extent slots[32];
  const std::int64_t row = row_of_thread();
  const In* x = static_cast<const In*>(arguments.x) + row * arguments.x_stride;
  ExtentOf<In, azp> seen;
  for (std::int64_t i = threadIdx.x; i < arguments.k; i += blockDim.x) seen.take_one(x[i]);
  const Extent extent = row_extent<azp>(seen.get(), slots);
  const RowScale by = note_scale<code, azp>(arguments, row, extent);
  quantize_elements<In, code>(x, arguments.k, arguments.q + row * arguments.q_stride, by);
}

template <Code code, bool azp>
void launch_own_scale(const RowArguments& arguments, DType input, const RowShape& shape, cudaStream_t stream) {
  const dim3 grid(static_cast<unsigned>((arguments.rows + shape.rows - 1) / shape.rows));
  for_input(input, [&]<class In>(In) {
    switch (shape.pieces) {
      case 1: return launch_rows(quantize_held_rows<In, code, azp, 1>, grid, shape, arguments, stream);
      case 2: return launch_rows(quantize_held_rows<In, code, azp, 2>, grid, shape, arguments, stream);
      case 4: return launch_rows(quantize_held_rows<In, code, azp, 4>, grid, shape, arguments, stream);
      case 8: return launch_rows(quantize_held_rows<In, code, azp, 8>, grid, shape, arguments, stream);
      default: return launch_rows(quantize_any_rows<In, code, azp>, grid, shape, arguments, stream);
    }
  });
}

}  // namespace qgemm::cuda
