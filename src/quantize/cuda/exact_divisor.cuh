#pragma once

namespace qgemm::cuda {

/// x ÷ scale with one rounding, for many x: a division instruction's worth of work is three or five multiplications.
///
/// q + r·(x − q·s), with r = 1/s correctly rounded, rounds correctly where q is within an ulp of the quotient (P.
/// Markstein, IBM J. Res. Dev. 34, 1990), unless the mantissa of s is all ones; q = x·r needs one such correction to
/// get there. Where x is a 16-bit float the first correction already is the quotient:
/// tests/unit/exact_division_test.cpp tries every mantissa by every scale's. The residuals must not underflow, hence
/// the bounds; a quotient too small for that is one that every code rounds to zero.
class ExactDivisor {
 public:
  explicit __device__ ExactDivisor(float scale) : scale_(scale) {
    reciprocal_ = scale == 0.0F ? 0.0F : __frcp_rn(scale);
  }

  /// False: divide by `__fdiv_rn`. A zero scale is true: every quotient is ±0 then.
  __device__ bool works() const {
    return (scale_ >= 0x1p-60F && scale_ <= 0x1p60F && (__float_as_int(scale_) & 0x7fffff) != 0x7fffff) ||
           scale_ == 0.0F;
  }
  /// x ÷ scale, for an x that an `In` holds.
  template <class In>
  __device__ float divide(float x) const {
    constexpr int corrections = sizeof(In) == 2 ? 1 : 2;
    float quotient = __fmul_rn(x, reciprocal_);
    // The residual is taken negated, q·s − x, and multiplied by −r, so that −0 ÷ s stays −0.
#pragma unroll
    for (int i = 0; i < corrections; ++i) {
      quotient = __fmaf_rn(__fmaf_rn(quotient, scale_, -x), -reciprocal_, quotient);
    }
    return quotient;
  }

 private:
  float scale_, reciprocal_;
};

}  // namespace qgemm::cuda
