#include "operands/normal_table.hpp"

#include <cmath>
#include <memory>

#include "qgemm/dtype.hpp"

namespace qgemm {
namespace {

double upper_tail(double x) { return 0.5 * std::erfc(x / std::sqrt(2.0)); }
double density(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * std::acos(-1.0)); }

/// The x > 0 with upper tail `p` < ½, by Newton's method from `x`, which has to lie below the solution (the tail is
/// convex there, so the steps never overshoot).
double solve_tail(double p, double x) {
  for (int i = 0; i < 100; ++i) {
    const double step = (upper_tail(x) - p) / density(x);
    x += step;
    if (std::abs(step) < 1e-12 * (1 + x)) break;
  }
  return x;
}

}  // namespace

NormalTable::NormalTable() {
  constexpr double slice = 0.5 / static_cast<double>(half_slices);
  double x = 0;
  for (std::size_t i = 0; i < half_slices; ++i) {
    x = solve_tail((static_cast<double>(half_slices - i) - 0.5) * slice, x);
    upper_[i] = to_bfloat16(static_cast<float>(x)).bits;
  }
  // From the middle of the tail's largest slice outwards each solution lies below the next.
  x = 4;
  for (std::size_t i = tail_slices; i-- > 0;) {
    x = solve_tail((static_cast<double>(i) + 0.5) / static_cast<double>(tail_slices) * slice, x);
    tail_[i] = to_bfloat16(static_cast<float>(x)).bits;
  }
}

const NormalTable& NormalTable::get() {
  static const std::unique_ptr<const NormalTable> table(new NormalTable);
  return *table;
}

}  // namespace qgemm
