#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>

#include "qgemm/dtype.hpp"

namespace qgemm::cuda {

/// What values are quantized to.
enum class Code : std::uint8_t { s8, e4m3 };

/// What the kernels work on; all pointers are device memory. Columns of `q` past `k` are left alone.
struct RowArguments {
  const void* x = nullptr;  ///< [rows, k], row r at x + r·x_stride elements
  std::int64_t rows = 0, k = 0, x_stride = 0;
  std::uint8_t* q = nullptr;  ///< [rows, k], row r at q + r·q_stride
  std::int64_t q_stride = 0;
  float* scales = nullptr;           ///< One a row, or one.
  std::int32_t* azp = nullptr;       ///< As many; null where symmetric.
  std::uint32_t* bad_row = nullptr;  ///< Lowered to the first row with NaN or infinity.
  bool last_first = false;           ///< Rows from the last to the first: what was read last may be in the cache still.
};

/// The longest row whose own scale is found in one read: `most_threads` of `most_pieces` pieces; a block with fewer
/// pieces a thread has up to `few_threads`.
inline constexpr int most_threads = 1024, few_threads = 512, most_pieces = 8;

/// How a launch is laid out: blocks of `rows` rows, `threads` (whole warps) each; a thread holds `pieces` pieces of 16
/// bytes in registers (1, 2, 4, 8), so that a row takes `parts` blocks (1 where its own scale is looked for). `pieces`
/// 0: element by element, for rows that are unaligned or too long to be held. `least_l1`: multiprocessors are set up as
/// for a product, with all but the least of L1 as shared memory, so that blocks of one may start beside: a
/// multiprocessor changes that only when it is idle.
struct RowShape {
  int threads = 256, rows = 1, pieces = 0, parts = 1;
  bool least_l1 = false;
};

/// Layouts for the current device. `wanted`: as many pieces a thread, where the row allows it (0: as found best).
RowShape shape_for_own_scale(const RowArguments& arguments, DType input, int wanted = 0);
RowShape shape_for_given_scale(const RowArguments& arguments, DType input, int wanted = 0);

/// Enqueues the quantization of each row by its own extent; `scales` (and `azp`, asymmetric where it is not null) are
/// written. `input`: f32, bf16, f16. Throws `InvalidInput` for other types.
void enqueue_by_own_scale(Code code, const RowArguments& arguments, DType input, const RowShape& shape,
                          cudaStream_t stream);

/// Enqueues the quantization of all rows by the one scale (and zero point, where not null) that the device holds by
/// then.
void enqueue_by_given_scale(Code code, const RowArguments& arguments, DType input, const RowShape& shape,
                            cudaStream_t stream);

/// The parts of `enqueue_by_own_scale`, each in a file of its own for the compiler's sake.
void enqueue_own_scale_s8(const RowArguments& arguments, DType input, const RowShape& shape, cudaStream_t stream);
void enqueue_own_scale_s8_azp(const RowArguments& arguments, DType input, const RowShape& shape, cudaStream_t stream);
void enqueue_own_scale_e4m3(const RowArguments& arguments, DType input, const RowShape& shape, cudaStream_t stream);

}  // namespace qgemm::cuda
