#pragma once
#include <optional>
#include <span>
#include <vector>

namespace qgemm {

/// The p-quantile (0 ≤ p ≤ 1) of ascending values, linear between neighbours (R's type 7, as the reference's timer).
double quantile(std::span<const double> ascending, double p);

/// What a row says about its samples.
struct Summary {
  double median = 0, p20 = 0, p80 = 0;
  /// Half the width of the median's 95 % confidence interval, in percent of the median. The interval lies between the
  /// order statistics n/2 ± 0.98·√n (normal approximation of the binomial; distribution-free), which for fewer than six
  /// samples is the whole range.
  double noise_pct = 0;
};

/// Of at least one sample, in any order. `correlation`: how many samples tell as much as one that depends on no other
/// (`correlation_time`); the interval is √correlation times as many order statistics wide.
Summary summarize(std::span<const double> samples, double correlation = 1);

/// The noise of the ratio of two rows sampled in turn, round by round (`Summary::noise_pct` of the ratios of their
/// rounds): what both went through together, a clock that fell, is not in it. Rounds that only one of them has are left
/// out; empty where fewer than five are common.
std::optional<double> paired_noise_pct(std::span<const double> a, std::span<const double> b);

}  // namespace qgemm
