#pragma once
#include <cstdint>

#include "qgemm/matrix.hpp"
#include "quantize/cpu/row_kernels.hpp"
#include "quantize/quantized.hpp"

namespace qgemm {

/// Where the bytes of a quantized matrix go: row r at q + r·stride, XORed with `flip` (0x80: the shifted form).
struct ByteTarget {
  std::uint8_t* q;
  std::int64_t stride;
  std::uint8_t flip = 0;
};

/// Index of an input or output type in the tables of `RowKernels`; throws `InvalidInput` unless f32, bf16 or f16.
int kernel_index(DType type);

/// The range of a whole matrix (rows × cols ≥ 1), on the OpenMP team. `what` names the matrix in the message of the
/// `InvalidInput` thrown for NaN or infinity.
RowRange matrix_range(const ConstMatrixView& x, const char* what);

/// Throws the `InvalidInput` that names the first row of a matrix with NaN or infinity.
[[noreturn]] void throw_not_finite(const char* what, std::int64_t row);

/// Quantizes row `r` of `x` by its own range to the bytes `q`, each XORed with `flip`, on the calling thread; `scale`
/// and, unless `azp` is null (symmetric), `azp` are written. False, and nothing is written, where it holds NaN or
/// infinity. `stream`: see `QuantizeHints`.
bool quantize_row_by_range(const ConstMatrixView& x, std::int64_t r, std::uint8_t* q, std::uint8_t flip, float& scale,
                           std::int32_t* azp, bool stream = false);

/// The same by a given scale and zero point. False, and `q` is void, where the row holds NaN or infinity.
bool quantize_row_by_scale(const ConstMatrixView& x, std::int64_t r, std::uint8_t* q, std::uint8_t flip,
                           StaticScale scale, bool stream = false);

/// Quantizes each row by its own range; scales[r] and, unless `azp` is null (symmetric), azp[r] are written.
void quantize_by_row(const ConstMatrixView& x, const ByteTarget& target, float* scales, std::int32_t* azp,
                     const char* what);

/// Quantizes all rows by one scale and zero point.
void quantize_by_scale(const ConstMatrixView& x, const ByteTarget& target, StaticScale scale, const char* what);

}  // namespace qgemm
