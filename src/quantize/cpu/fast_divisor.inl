// Included inside `struct V`: exact division of many numbers by one, for quotients within ±2³⁰.
//
// Two Newton corrections of x·(1/s) with fused multiply-adds give the correctly rounded quotient: the residual of a
// faithful quotient is exact, and one more correction by a correctly rounded reciprocal rounds correctly (P. Markstein,
// "Computation of elementary functions on the IBM RISC System/6000", IBM J. Res. Dev. 34, 1990). The theorem excludes
// divisors whose mantissa is all ones, and the residuals must not underflow, so those take the division instruction,
// which is two to four times slower than the five multiplications. For 16-bit floats the first correction is enough:
// tests/unit/exact_division_test.cpp tries their mantissas with all divisors.
class Divisor {
 public:
  explicit Divisor(float scale) : scale_(set(scale)), limit_(set(scale * 0x1p30F)) {
    std::int32_t bits;
    __builtin_memcpy(&bits, &scale, sizeof bits);
    const bool in_range = scale >= 0x1p-60F && scale <= 0x1p60F && (bits & 0x7fffff) != 0x7fffff;
    corrected_ = in_range || scale == 0.0F;  // a zero scale stands for a row of zeros: every quotient is 0
    reciprocal_ = set(in_range ? 1.0F / scale : 0.0F);
    if (scale * 0x1p30F > 3e38F) limit_ = set(3.4028234e38F);
  }
  /// x, or the value that gives ±2³⁰ where its quotient would be further out: what an integer cannot hold.
  F clamped(F x) const { return V::min(V::max(x, negate(limit_)), limit_); }
  /// x ÷ scale. `Once`: the caller knows that one correction is enough for the numbers it divides.
  template <bool Once>
  F divide(F x) const {
    if (!corrected_) return V::divide(x, scale_);
    F quotient = V::mul(x, reciprocal_);
    quotient = V::multiply_add(V::negative_multiply_add(quotient, scale_, x), reciprocal_, quotient);
    if constexpr (Once) return quotient;
    return V::multiply_add(V::negative_multiply_add(quotient, scale_, x), reciprocal_, quotient);
  }

 private:
  static F negate(F x) { return V::mul(x, set(-1.0F)); }
  F scale_, reciprocal_, limit_;
  bool corrected_;
};
