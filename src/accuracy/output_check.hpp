#pragma once
#include <cstdint>
#include <optional>
#include <span>

#include "qgemm/matrix.hpp"
#include "quantize/dequantize.hpp"

namespace qgemm {

/// An element of D that is not what its sum, scales and bias make it.
struct WrongOutput {
  std::int64_t m = 0, n = 0;
  float expected = 0, actual = 0;
};

/// The first element (row-major) of `d` [M,N] that is not the epilogue of `sums` [M,N] within one rounding: an element
/// may differ from the float32 value by half a unit of the output type, plus four float32 roundings of the terms it is
/// made of (kernels multiply the scales in different orders). None where all agree.
std::optional<WrongOutput> first_wrong_output(const ConstMatrixView& d, std::span<const std::int32_t> sums,
                                              const Epilogue& epilogue);

/// True where `actual`, of type `output`, is `expected` (float32, with `bias` already in it) within that tolerance.
bool within_one_rounding(float actual, float expected, float bias, DType output);

}  // namespace qgemm
