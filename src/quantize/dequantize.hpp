#pragma once
#include <cstdint>
#include <span>

#include "qgemm/matrix.hpp"

namespace qgemm {

/// What turns int32 sums into results: D[m,n] = s_a[m]·(s_w[n]·float(sum[m,n] − azp[m]·colsum[n])) + bias[n], in
/// float32 with one rounding each, then one rounding to the output type. The subtraction is exact (64 bits).
struct Epilogue {
  std::span<const float> scale_a;        ///< 1 or M
  std::span<const float> scale_w;        ///< 1 or N
  std::span<const std::int32_t> azp;     ///< empty, 1 or M
  std::span<const std::int32_t> colsum;  ///< N where azp is not empty
  std::span<const float> bias;           ///< empty or N
  /// The caller knows that every sum − azp·colsum is an int32, so that it may be taken modulo 2³² (the sum itself may
  /// have wrapped then), without looking.
  bool fits_int32 = false;
};

/// Rows [first, last) of D (f32, bf16 or f16) from `sums` (row m at sums + m·stride), by the calling thread alone, with
/// the widest instructions this CPU has; the bits do not depend on which.
void dequantize_rows(const std::int32_t* sums, std::int64_t stride, const Epilogue& epilogue, std::int64_t first,
                     std::int64_t last, const MatrixView& d);

}  // namespace qgemm
