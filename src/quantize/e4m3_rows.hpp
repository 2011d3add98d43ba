#pragma once
#include "qgemm/matrix.hpp"

namespace qgemm {

/// Quantizes `x` (f32, bf16, f16) to `q` (e4m3, the same size), element by element on the OpenMP team: the nearest code
/// of x/scale, half to even, saturated at ±448. `what` names the matrix in the `InvalidInput` thrown for NaN or
/// infinity. There is no product of such codes on a CPU, so that no call is in a hurry here.
///
/// Each row by its own scale, absmax/448, written to scales[r].
void quantize_e4m3_by_row(const ConstMatrixView& x, const MatrixView& q, float* scales, const char* what);
/// All by one scale.
void quantize_e4m3_by_scale(const ConstMatrixView& x, const MatrixView& q, float scale, const char* what);

}  // namespace qgemm
