#include "quantize/dequantize.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>

#include "quantize/cpu/row_kernels.hpp"
#include "quantize/quantize_rows.hpp"

namespace qgemm {
namespace {

template <class T>
T value_at(std::span<const T> values, std::int64_t index) {
  return values.size() == 1 ? values[0] : values[static_cast<std::size_t>(index)];
}

}  // namespace

void dequantize_rows(const std::int32_t* sums, std::int64_t stride, const Epilogue& epilogue, std::int64_t first,
                     std::int64_t last, const MatrixView& d) {
  const auto dequantize = row_kernels().dequantize[kernel_index(d.dtype)];
  std::int64_t largest_colsum = 0;
  if (!epilogue.azp.empty() && !epilogue.fits_int32) {
    for (const std::int32_t sum : epilogue.colsum)
      largest_colsum = std::max<std::int64_t>(largest_colsum, std::abs(sum));
  }
  const auto element_size = static_cast<std::int64_t>(size_of(d.dtype));
  for (std::int64_t m = first; m < last; ++m) {
    const std::int32_t azp = epilogue.azp.empty() ? 0 : value_at(epilogue.azp, m);
    // Sums of K ≤ 131,071 products can fill int32 by themselves, so the subtraction only stays in 32 bits where what it
    // takes away leaves room; a row's own sums decide.
    std::int64_t largest_sum = 0;
    if (azp != 0 && !epilogue.fits_int32) {
      std::int32_t low = 0, high = 0;
      for (std::int64_t n = 0; n < d.cols; ++n) {
        const std::int32_t sum = sums[m * stride + n];
        low = sum < low ? sum : low;
        high = sum > high ? sum : high;
      }
      largest_sum = std::max(-static_cast<std::int64_t>(low), static_cast<std::int64_t>(high));
    }
    const std::int64_t reach = largest_sum + std::abs(static_cast<std::int64_t>(azp)) * largest_colsum;
    RowEpilogue row{};
    row.scale_a = value_at(epilogue.scale_a, m);
    row.scale_w = epilogue.scale_w.data();
    row.scale_w_stride = epilogue.scale_w.size() == 1 ? 0 : 1;
    row.azp = azp;
    row.colsum = epilogue.colsum.data();
    row.azp_fits_32 = epilogue.fits_int32 || reach <= std::numeric_limits<std::int32_t>::max();
    row.bias = epilogue.bias.empty() ? nullptr : epilogue.bias.data();
    dequantize(sums + m * stride, d.cols, row, static_cast<std::byte*>(d.data) + m * d.stride * element_size);
  }
}

}  // namespace qgemm
