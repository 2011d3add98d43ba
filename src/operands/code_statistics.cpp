#include "operands/code_statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "qgemm/error.hpp"

namespace qgemm {
namespace {

constexpr std::int64_t sampled_elements = 65536;

using Bins = std::array<std::int64_t, 256>;

struct Counted {
  Bins bins{};
  std::int64_t zeros = 0;
  double absmax = 0;
};

void count_bytes(const ConstMatrixView& codes, std::uint8_t flip, Counted& counted) {
  for (std::int64_t r = 0; r < codes.rows; ++r) {
    const auto* row = codes.row<std::uint8_t>(r);
    for (std::int64_t c = 0; c < codes.cols; ++c) ++counted.bins[row[c]];
  }
  for (std::size_t code = 0; code < 256; ++code) {
    if (counted.bins.at(code) == 0) continue;
    const auto bits = static_cast<std::uint8_t>(code ^ flip);
    const double value =
        codes.dtype == DType::e4m3 ? static_cast<double>(to_float(E4M3{bits})) : static_cast<std::int8_t>(bits);
    counted.absmax = std::max(counted.absmax, std::abs(value));
    if (value == 0) counted.zeros += counted.bins.at(code);
  }
}

/// `Bits`: an unsigned integer of the element's size.
template <class T, class Bits>
void count_floats(const ConstMatrixView& codes, Counted& counted) {
  for (std::int64_t r = 0; r < codes.rows; ++r) {
    const auto* row = codes.row<T>(r);
    for (std::int64_t c = 0; c < codes.cols; ++c) {
      Bits bits{};
      std::memcpy(&bits, row + c, sizeof bits);
      ++counted.bins.at(static_cast<std::size_t>(bits >> (8 * sizeof bits - 8)));
      const double value = std::abs(static_cast<double>(to_float(row[c])));
      counted.absmax = std::max(counted.absmax, value);
      if (value == 0) ++counted.zeros;
    }
  }
}

double entropy(const Bins& bins, std::int64_t elements) {
  double bits = 0;
  for (const std::int64_t count : bins) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(elements);
    bits -= share * std::log2(share);
  }
  return std::max(bits, 0.0);  // not −0 where one bin has all
}

}  // namespace

RowSample row_sample(std::int64_t rows, std::int64_t cols) {
  if (rows < 1 || cols < 1) return {0, 1};
  const std::int64_t count = std::clamp<std::int64_t>(sampled_elements / cols, 1, rows);
  return {count, rows / count};
}

ConstMatrixView sampled_rows(const ConstMatrixView& matrix) {
  const RowSample sample = row_sample(matrix.rows, matrix.cols);
  return {matrix.data, matrix.dtype, sample.rows, matrix.cols, matrix.stride * sample.step};
}

CodeStatistics code_statistics(const ConstMatrixView& codes, std::uint8_t flip) {
  CodeStatistics out;
  out.elements = codes.rows * codes.cols;
  if (out.elements == 0) return out;
  Counted counted;
  switch (codes.dtype) {
    case DType::s8:
    case DType::e4m3: count_bytes(codes, flip, counted); break;
    case DType::bf16: count_floats<BFloat16, std::uint16_t>(codes, counted); break;
    case DType::f16: count_floats<Float16, std::uint16_t>(codes, counted); break;
    case DType::f32: count_floats<float, std::uint32_t>(codes, counted); break;
    case DType::s32: throw InvalidInput("s32 is the type of sums, not of operands");
  }
  out.absmax = counted.absmax;
  out.zeros_pct = 100 * static_cast<double>(counted.zeros) / static_cast<double>(out.elements);
  out.entropy_bits = entropy(counted.bins, out.elements);
  return out;
}

}  // namespace qgemm
