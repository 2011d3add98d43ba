#include <algorithm>
#include <cstdint>

#include "cuda/device.hpp"
#include "qgemm/error.hpp"
#include "quantize/cuda/row_kernels.hpp"

namespace qgemm::cuda {
namespace {

constexpr int warp = 32;

bool is_aligned(const void* pointer, std::int64_t stride_bytes, std::uintptr_t alignment) {
  return reinterpret_cast<std::uintptr_t>(pointer) % alignment == 0 &&
         static_cast<std::uintptr_t>(stride_bytes) % alignment == 0;
}

/// Pieces a row, 0 where it is not made of them.
std::int64_t pieces_of(const RowArguments& arguments, DType input) {
  const auto size = static_cast<std::int64_t>(size_of(input));
  const std::int64_t piece = 16 / size;
  const bool aligned = arguments.k % piece == 0 && is_aligned(arguments.x, arguments.x_stride * size, 16) &&
                       is_aligned(arguments.q, arguments.q_stride, static_cast<std::uintptr_t>(piece));
  return aligned ? arguments.k / piece : 0;
}

/// Whether a product gains by blocks that start beside (docs/measurements/kernels.md), as Hopper's can.
bool makes_room_for_product(const RowArguments& arguments) {
  constexpr std::int64_t most_rows = 512;
  return arguments.rows <= most_rows && attribute(cudaDevAttrComputeCapabilityMajor) == 9;
}

/// Few rows cannot fill the GPU, so each is made short work of; many fill it best with several loads a thread.
bool are_few(std::int64_t rows) { return rows <= 2 * multiprocessors(); }

/// The same of pieces, where a row needs not stay together: as many threads are half of what the GPU holds.
bool are_few_pieces(std::int64_t pieces) { return pieces <= 1024 * static_cast<std::int64_t>(multiprocessors()); }

/// So few that one a thread is done sooner (bench_cuda_quantize). Of more that makes many blocks, which keep a product
/// from starting beside them: 1 to 5 % of a call with 32 to 256 tokens (docs/measurements/kernels.md).
bool are_least_pieces(std::int64_t pieces) { return pieces <= 100 * static_cast<std::int64_t>(multiprocessors()); }

int whole_warps(std::int64_t threads) { return static_cast<int>((threads + warp - 1) / warp * warp); }

}  // namespace

RowShape shape_for_own_scale(const RowArguments& arguments, DType input, int wanted) {
  const std::int64_t count = pieces_of(arguments, input);
  if (count == 0 || count > most_threads * most_pieces) return {};
  RowShape shape;
  shape.least_l1 = makes_room_for_product(arguments);
  const bool few = are_few(arguments.rows);
  shape.pieces = wanted != 0 ? wanted : few ? 1 : 4;
  // More threads wait longer for one another than each of fewer works on two pieces, or four (bench_cuda_quantize).
  while (wanted == 0 && shape.pieces < 4 && count > 384 * shape.pieces) shape.pieces *= 2;
  while (shape.pieces < most_pieces && count > few_threads * shape.pieces) shape.pieces *= 2;
  shape.threads = whole_warps((count + shape.pieces - 1) / shape.pieces);
  // An SM holds 32 blocks at most, too few rows where they are short.
  shape.rows = few ? 1 : std::max(1, 128 / shape.threads);
  return shape;
}

RowShape shape_for_given_scale(const RowArguments& arguments, DType input, int wanted) {
  const std::int64_t count = pieces_of(arguments, input);
  if (count == 0) return {};
  RowShape shape;
  shape.least_l1 = makes_room_for_product(arguments);
  const bool few = are_few_pieces(arguments.rows * count);
  shape.pieces = wanted != 0 ? wanted : are_least_pieces(arguments.rows * count) ? 1 : 4;
  const std::int64_t most = (few ? 128 : 256) * shape.pieces;
  const std::int64_t parts = (count + most - 1) / most;  // of equal size, as near as whole warps allow
  shape.threads = whole_warps((count + parts * shape.pieces - 1) / (parts * shape.pieces));
  const std::int64_t part = static_cast<std::int64_t>(shape.threads) * shape.pieces;
  shape.parts = static_cast<int>((count + part - 1) / part);
  shape.rows = few ? 1 : std::max(1, 128 / shape.threads);
  return shape;
}

void enqueue_by_own_scale(Code code, const RowArguments& arguments, DType input, const RowShape& shape,
                          cudaStream_t stream) {
  if (arguments.rows == 0 || arguments.k == 0) return;
  if (code == Code::e4m3) return enqueue_own_scale_e4m3(arguments, input, shape, stream);
  if (arguments.azp != nullptr) return enqueue_own_scale_s8_azp(arguments, input, shape, stream);
  enqueue_own_scale_s8(arguments, input, shape, stream);
}

}  // namespace qgemm::cuda
