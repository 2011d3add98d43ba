#pragma once
#include <optional>
#include <span>

namespace qgemm {

/// How far samples moved while they were taken: the change of the median from their first third to their last, in
/// percent of the first. Empty where no trend is certain: fewer than eight samples, or one that chance gives in more
/// than one of a thousand rows (Mann–Kendall: the number of pairs in rising less those in falling order, against its
/// normal approximation). `samples` in the order taken.
std::optional<double> drift_pct(std::span<const double> samples);

}  // namespace qgemm
