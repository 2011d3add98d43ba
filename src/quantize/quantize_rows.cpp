#include "quantize/quantize_rows.hpp"

#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "device/cpu_info.hpp"
#include "qgemm/error.hpp"
#include "quantize/scale_rules.hpp"

namespace qgemm {
namespace {

/// Below this many elements waking the team costs more than it gains (a few microseconds of one core's work).
constexpr std::int64_t parallel_threshold = 16 * 1024;

/// Remembers the smallest row that was not finite: exceptions cannot leave a parallel region.
class BadRow {
 public:
  void note(std::int64_t row) {
    std::int64_t seen = row_.load();
    while (row < seen && !row_.compare_exchange_weak(seen, row)) {
    }
  }
  void check(const char* what) const {
    if (row_ != none) throw_not_finite(what, row_);
  }

 private:
  static constexpr std::int64_t none = std::numeric_limits<std::int64_t>::max();
  std::atomic<std::int64_t> row_{none};
};

const void* row_at(const ConstMatrixView& x, std::int64_t r) {
  return static_cast<const std::byte*>(x.data) + r * x.stride * static_cast<std::int64_t>(size_of(x.dtype));
}

/// The largest magnitude a kernel found, from the bits of the input's type.
float magnitude(std::uint32_t bits, DType type) {
  if (type == DType::bf16) return to_float(BFloat16{static_cast<std::uint16_t>(bits)});
  if (type == DType::f16) return to_float(Float16{static_cast<std::uint16_t>(bits)});
  return std::bit_cast<float>(bits);
}

/// True where the result is larger than the cache keeps for the product that reads it, and rows start on cache lines:
/// then storing past the cache saves reading each line before it is overwritten.
bool streams(const ConstMatrixView& x, const ByteTarget& target) {
  const bool aligned = reinterpret_cast<std::uintptr_t>(target.q) % 64 == 0 && target.stride % 64 == 0;
  return aligned && x.rows * x.cols > total_last_level_bytes() / 2;
}

}  // namespace

int kernel_index(DType type) {
  switch (type) {
    case DType::f32: return 0;
    case DType::bf16: return 1;
    case DType::f16: return 2;
    default: throw InvalidInput("a " + std::string(name(type)) + " matrix cannot be used here: use f32, bf16 or f16");
  }
}

RowRange matrix_range(const ConstMatrixView& x, const char* what) {
  const auto range_of = row_kernels().range[kernel_index(x.dtype)];
  BadRow bad;
  float low = std::numeric_limits<float>::infinity(), high = -low;
#pragma omp parallel for schedule(static) reduction(min    \
                                                    : low) \
    reduction(max                                          \
              : high) if (x.rows * x.cols >= parallel_threshold)
  for (std::int64_t r = 0; r < x.rows; ++r) {
    const RowRange range = range_of(row_at(x, r), x.cols);
    if (!range.finite) bad.note(r);
    low = low < range.min ? low : range.min;
    high = high > range.max ? high : range.max;
  }
  bad.check(what);
  return {low, high, true};
}

void throw_not_finite(const char* what, std::int64_t row) {
  throw InvalidInput("the " + std::string(what) + " hold NaN or infinity in row " + std::to_string(row) +
                     ": int8 has no value for it, so clean the input first");
}

bool quantize_row_by_range(const ConstMatrixView& x, std::int64_t r, std::uint8_t* q, std::uint8_t flip, float& scale,
                           std::int32_t* azp, bool stream) {
  const int index = kernel_index(x.dtype);
  const RowKernels& kernels = row_kernels();
  RowRange range{};
  if (azp == nullptr) {
    range.max = magnitude(kernels.absmax_bits[index](row_at(x, r), x.cols), x.dtype);
    range.min = -range.max;
    range.finite = std::isfinite(range.max);
  } else {
    range = kernels.range[index](row_at(x, r), x.cols);
  }
  if (!range.finite) return false;
  const StaticScale own = scale_of(range, azp == nullptr);
  scale = own.scale;
  if (azp != nullptr) *azp = own.azp;
  // A row of float32 can span so little, so far from zero, that its quotients pass 2³⁰; 16-bit floats are too coarse.
  const bool ranged = azp == nullptr || x.dtype != DType::f32;
  // The first pass over a row waits for memory, the second computes: it fetches the next row meanwhile.
  const void* next = r + 1 < x.rows ? row_at(x, r + 1) : nullptr;
  kernels.quantize[index](row_at(x, r), x.cols, own.scale, own.azp, flip, q,
                          {.ranged = ranged, .stream = stream, .next = next});
  return true;
}

bool quantize_row_by_scale(const ConstMatrixView& x, std::int64_t r, std::uint8_t* q, std::uint8_t flip,
                           StaticScale scale, bool stream) {
  return row_kernels().quantize[kernel_index(x.dtype)](row_at(x, r), x.cols, scale.scale, scale.azp, flip, q,
                                                       {.stream = stream});
}

void quantize_by_row(const ConstMatrixView& x, const ByteTarget& target, float* scales, std::int32_t* azp,
                     const char* what) {
  kernel_index(x.dtype);  // throws here, not in the parallel region
  const bool stream = streams(x, target);
  BadRow bad;
#pragma omp parallel for schedule(static) if (x.rows * x.cols >= parallel_threshold)
  for (std::int64_t r = 0; r < x.rows; ++r) {
    if (!quantize_row_by_range(x, r, target.q + r * target.stride, target.flip, scales[r],
                               azp == nullptr ? nullptr : azp + r, stream)) {
      bad.note(r);
    }
  }
  bad.check(what);
}

void quantize_by_scale(const ConstMatrixView& x, const ByteTarget& target, StaticScale scale, const char* what) {
  kernel_index(x.dtype);
  const bool stream = streams(x, target);
  BadRow bad;
#pragma omp parallel for schedule(static) if (x.rows * x.cols >= parallel_threshold)
  for (std::int64_t r = 0; r < x.rows; ++r) {
    if (!quantize_row_by_scale(x, r, target.q + r * target.stride, target.flip, scale, stream)) bad.note(r);
  }
  bad.check(what);
}

}  // namespace qgemm
