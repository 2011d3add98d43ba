#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "qgemm/accuracy.hpp"
#include "qgemm/matrix.hpp"

namespace qgemm {

/// The largest magnitude of each row and of each column of a matrix.
struct AbsMaxima {
  std::vector<float> rows, cols;
  std::optional<std::int64_t> not_finite;  ///< The first row with NaN or infinity; the maxima are void then.
};

/// Of `rows` × `cols` elements, rows handed out by `read(row, out)`, which several threads call at once.
AbsMaxima find_absmax(std::int64_t rows, std::int64_t cols, const std::function<void(std::int64_t, float*)>& read);

/// Their largest and their median (of an even number the mean of the middle two).
ValueRange range_of(std::vector<float> absmax);

/// Percent of the rows of f32 `x` of which one element makes more than half of the sum of squares.
double massive_rows_pct(const ConstMatrixView& x);

}  // namespace qgemm
