#pragma once
#include <cstddef>
#include <vector>

#include "timing/correlation.hpp"
#include "timing/statistics.hpp"

namespace qgemm {

/// When a row has enough samples; each default with its reason.
struct StoppingLimits {
  double max_noise_pct = 1.0;  ///< Differences of one percent are the smallest that anybody acts on.
  double max_seconds = 0.6;    ///< A row of the default sweep: 168 rows fit into four minutes.
  int min_samples = 5;         ///< p20 and p80 are samples of their own then.
  int max_samples = 1000;      ///< Enough for any statement about a median; keeps results.json small.
  double patience = 10;        ///< Past this many times `max_seconds` even `min_samples` are not waited for,
  double least_patience = 1;   ///< but not before so many seconds: one stall of the machine is no reason to give up.
  /// Whether a sample may be like the one before, as under a GPU's clock: noise is of the series then.
  bool correlated = false;
};

/// Three verbs: `add` a sample, ask whether it is `finished`, `summary` of what was seen. A row that is finished may be
/// sampled on, while others of its point are not; it can be unfinished again then.
class StoppingRule {
 public:
  explicit StoppingRule(const StoppingLimits& limits) : limits_(limits) {}

  /// One sample: microseconds of one call, and the wall seconds that taking it cost (all its calls).
  void add(double us, double seconds);
  /// The first `count` samples were taken before the device was steady and say nothing; the time they took still
  /// counts.
  void drop_first(std::size_t count);
  /// Steady enough, or out of time or of room.
  bool finished() const { return finished_; }
  /// Fewer samples than asked for, or a median whose interval is wider than asked for.
  bool noisy() const;
  /// Of at least one sample.
  Summary summary() const { return limits_.correlated ? summarize_series(samples_) : summarize(samples_); }
  const StoppingLimits& limits() const { return limits_; }
  const std::vector<double>& samples() const { return samples_; }

 private:
  void judge();

  StoppingLimits limits_;
  std::vector<double> samples_;
  double seconds_ = 0;
  std::size_t next_look_ = 0;  // judging sorts the samples: only at every growth of a tenth
  bool finished_ = false;
};

}  // namespace qgemm
