#include <cstdint>

#include "quantize/cuda/input_dispatch.cuh"
#include "quantize/cuda/launch_rows.hpp"
#include "quantize/cuda/row_pieces.cuh"

namespace qgemm::cuda {
namespace {

__device__ RowScale given(const RowArguments& arguments) {
  return {arguments.scales[0], arguments.azp != nullptr ? arguments.azp[0] : 0};
}

/// Each block takes blockDim.x · held pieces of its rows.
template <class In, Code code, int held>
__global__ void __launch_bounds__(1024) quantize_pieces(const RowArguments arguments) {
  let_product_start();
  std::int64_t row = row_of_thread();
  if (row >= arguments.rows) return;
  if (arguments.last_first) row = arguments.rows - 1 - row;
  const In* x = static_cast<const In*>(arguments.x) + row * arguments.x_stride;
  std::uint8_t* q = arguments.q + row * arguments.q_stride;
  const int count = static_cast<int>(arguments.k / Input<In>::count), part = static_cast<int>(blockDim.x) * held;
  const int first = static_cast<int>(blockIdx.y) * part;
  uint4 pieces[held];
  load_pieces(x, first, count, pieces);
  const RowScale by = given(arguments);
  ExtentOf<In, false> seen;
#pragma unroll
  for (const uint4& piece : pieces) seen.take(piece);
  if (!is_finite<false>(seen.get())) atomicMin(arguments.bad_row, static_cast<std::uint32_t>(row));

  const ExactDivisor divisor(by.scale);
  if (!is_ordinary<code>(divisor, by) || !Limits<In>::work(by.scale)) {
    const std::int64_t start = static_cast<std::int64_t>(first) * Input<In>::count;
    const auto elements = static_cast<std::int64_t>(min(part, count - first)) * Input<In>::count;
    return quantize_elements<In, code>(x + start, elements, q + start, by);
  }
  const bool ranged = code == Code::s8 && by.azp == 0;
  const Limits<In> limits(by.scale, ranged);
  // With one piece a thread it is as quick to limit it as to ask.
  if (held == 1 || !limits.hold(seen)) {
#pragma unroll
    for (uint4& piece : pieces) piece = limits.limited(piece);
  }
  const auto quotient = [&](float value) { return divisor.template divide<In>(value); };
  if (ranged) return store_pieces<In, code, true>(pieces, first, count, q, 0, quotient);
  store_pieces<In, code, false>(pieces, first, count, q, by.azp, quotient);
}

template <class In, Code code>
__global__ void __launch_bounds__(1024) quantize_any_elements(const RowArguments arguments) {
  let_product_start();
  const std::int64_t row = row_of_thread();
  const In* x = static_cast<const In*>(arguments.x) + row * arguments.x_stride;
  ExtentOf<In, false> seen;
  for (std::int64_t i = threadIdx.x; i < arguments.k; i += blockDim.x) seen.take_one(x[i]);
  if (!is_finite<false>(seen.get())) atomicMin(arguments.bad_row, static_cast<std::uint32_t>(row));
  quantize_elements<In, code>(x, arguments.k, arguments.q + row * arguments.q_stride, given(arguments));
}

template <Code code>
void launch(const RowArguments& arguments, DType input, const RowShape& shape, cudaStream_t stream) {
  const dim3 grid(static_cast<unsigned>((arguments.rows + shape.rows - 1) / shape.rows),
                  static_cast<unsigned>(shape.parts));
  for_input(input, [&]<class In>(In) {
    switch (shape.pieces) {
      case 1: return launch_rows(quantize_pieces<In, code, 1>, grid, shape, arguments, stream);
      case 2: return launch_rows(quantize_pieces<In, code, 2>, grid, shape, arguments, stream);
      case 4: return launch_rows(quantize_pieces<In, code, 4>, grid, shape, arguments, stream);
      case 8: return launch_rows(quantize_pieces<In, code, 8>, grid, shape, arguments, stream);
      default: return launch_rows(quantize_any_elements<In, code>, grid, shape, arguments, stream);
    }
  });
}

}  // namespace

void enqueue_by_given_scale(Code code, const RowArguments& arguments, DType input, const RowShape& shape,
                            cudaStream_t stream) {
  if (arguments.rows == 0 || arguments.k == 0) return;
  if (code == Code::s8) return launch<Code::s8>(arguments, input, shape, stream);
  launch<Code::e4m3>(arguments, input, shape, stream);
}

}  // namespace qgemm::cuda
