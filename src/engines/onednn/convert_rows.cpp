#include "engines/onednn/convert_rows.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "device/cpu_info.hpp"
#include "engines/onednn/team.hpp"
#include "qgemm/error.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace qgemm::onednn {
namespace {

#if defined(__x86_64__)
/// The multiple of 8 below `count`; returns how many it did.
__attribute__((target("avx2,f16c"))) std::int64_t round_to_f16_f16c(const float* from, std::int64_t count,
                                                                    Float16* to) {
  std::int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m128i half = _mm256_cvtps_ph(_mm256_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i), half);
  }
  return i;
}
#endif

void round_to_f16(const float* from, std::int64_t count, Float16* to) {
  std::int64_t done = 0;
#if defined(__x86_64__)
  if (cpu_features().avx2) done = round_to_f16_f16c(from, count, to);
#endif
  for (std::int64_t i = done; i < count; ++i) to[i] = to_float16(from[i]);
}

template <class T>
void widen(const T* from, std::int64_t count, float* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = to_float(from[i]);
}

void widen_row(const ConstMatrixView& from, std::int64_t row, float* to) {
  switch (from.dtype) {
    case DType::f32: widen(from.row<float>(row), from.cols, to); return;
    case DType::bf16: widen(from.row<BFloat16>(row), from.cols, to); return;
    case DType::f16: widen(from.row<Float16>(row), from.cols, to); return;
    default:
      throw InvalidInput("a float product takes f32, bf16 or f16 operands, not " + std::string(name(from.dtype)));
  }
}

}  // namespace

void round_row(const float* from, std::int64_t count, DType type, void* to) {
  switch (type) {
    case DType::f32: std::copy_n(from, count, static_cast<float*>(to)); return;
    case DType::bf16: std::transform(from, from + count, static_cast<BFloat16*>(to), to_bfloat16); return;
    case DType::f16: round_to_f16(from, count, static_cast<Float16*>(to)); return;
    default: throw InvalidInput("a product's output is f32, bf16 or f16, not " + std::string(name(type)));
  }
}

Matrix converted(const ConstMatrixView& from, DType type, int threads) {
  Matrix to(type, from.rows, from.cols);
  std::vector<std::vector<float>> wide(static_cast<std::size_t>(threads),
                                       std::vector<float>(static_cast<std::size_t>(from.cols)));
  const auto row_bytes = from.cols * static_cast<std::int64_t>(size_of(type));
  share_out(threads, from.rows, [&](int thread, std::int64_t row) {
    float* values = wide[static_cast<std::size_t>(thread)].data();
    widen_row(from, row, values);
    round_row(values, from.cols, type, static_cast<std::byte*>(to.data()) + row * row_bytes);
  });
  return to;
}

}  // namespace qgemm::onednn
