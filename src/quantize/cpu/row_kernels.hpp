#pragma once
#include <cstdint>

namespace qgemm {

/// Smallest and largest value of a row; `finite` is false where it holds NaN or infinity (the others are void then).
struct RowRange {
  float min, max;
  bool finite;
};

/// What dequantizing one row needs, as raw pointers: these structs cross into files compiled for other instruction
/// sets, where an inline function of a library header would leave code behind that older CPUs cannot run.
struct RowEpilogue {
  float scale_a;
  const float* scale_w;        ///< N values, or one where `scale_w_stride` is 0
  int scale_w_stride;          ///< 0 or 1
  std::int32_t azp;            ///< 0: colsum is not read
  const std::int32_t* colsum;  ///< N
  bool azp_fits_32;            ///< sum − azp·colsum cannot leave int32 for any column
  const float* bias;           ///< N values or null
};

/// What a caller knows that makes quantizing a row faster.
struct QuantizeHints {
  bool ranged = false;         ///< The scale was found from this row (`RowKernels::range`): all is finite and in reach.
  bool stream = false;         ///< Store past the caches; `q` is aligned to 64 bytes then.
  const void* next = nullptr;  ///< A row of the same length to prefetch meanwhile.
};

/// The inner loops on one row, for one instruction set. Input types by index: 0 f32, 1 bf16, 2 f16.
struct RowKernels {
  const char* name;
  RowRange (*range[3])(const void* x, std::int64_t count);
  /// The bits of the largest |x|, in the input's own type: past those of infinity where the row holds a NaN.
  std::uint32_t (*absmax_bits[3])(const void* x, std::int64_t count);
  /// q = saturate(round_half_even(x/scale) + azp), XORed with `flip` (0, or 0x80 for the shifted form); false where x
  /// holds NaN or infinity (not looked for where the hints say it is ranged).
  bool (*quantize[3])(const void* x, std::int64_t count, float scale, std::int32_t azp, std::uint8_t flip,
                      std::uint8_t* q, const QuantizeHints& hints);
  /// D row from int32 sums; output types by index as above.
  void (*dequantize[3])(const std::int32_t* sums, std::int64_t count, const RowEpilogue& epilogue, void* d);
};

extern const RowKernels plain_row_kernels;
#if defined(__x86_64__)
extern const RowKernels avx2_row_kernels;
extern const RowKernels avx512_row_kernels;
#endif

/// The widest set this CPU has.
const RowKernels& row_kernels();

}  // namespace qgemm
