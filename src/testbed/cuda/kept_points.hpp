#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cuda/gpu_watch.hpp"
#include "testbed/cuda/held_point.hpp"
#include "testbed/passes.hpp"

namespace qgemm::cuda {

/// Points that were visited once and stay prepared, because a GPU at its power limit lets no row be known in one visit:
/// its clock goes up and down by several percent within about a second, and for a tenth of a second after each change
/// of load. Those of like load are sampled on together, in passes over all of them, so that the samples of each row lie
/// all over that time and the GPU sees one steady mixture; what its clock does all the same is recorded with each
/// sample (docs/measurements/trust.md).
class KeptPoints {
 public:
  /// Both outlive it.
  KeptPoints(const SweepOptions& options, const GpuWatch& watch) : options_(options), watch_(watch) {}

  /// A point whose rows were filled in by one visit.
  void add(std::unique_ptr<HeldPoint> point);
  std::int64_t rows() const;
  /// Device memory that is held.
  std::int64_t bytes() const;
  bool empty() const { return points_.empty(); }

  /// Passes for about `seconds`; lets points go once their rows are known, out of time, or `stop` is set. Returns the
  /// seconds that are left at most, 0 once nothing is held.
  double refine(double seconds, const std::atomic<bool>* stop, double launch_us);
  /// The rows of the points that were let go since the last call.
  std::vector<PlannedRow> take();
  /// What the GPU was lost by, or nothing.
  const std::string& lost() const { return lost_; }

 private:
  struct Round {
    GpuLog::Clock::time_point when;
    double mhz;
  };
  /// Points of like load, on their way together.
  struct Mixture {
    std::vector<HeldPoint*> points;
    std::vector<Round> rounds;
    Passes passes;
    double began = 0, seconds = 0;  ///< On `now_seconds`'s clock; how long at most.
  };

  void begin();
  void visit(HeldPoint& point);
  bool finished() const;
  void let_go(double launch_us);

  const SweepOptions& options_;
  const GpuWatch& watch_;
  std::vector<std::unique_ptr<HeldPoint>> points_;
  std::unique_ptr<Mixture> mixture_;  ///< The one that is sampled now.
  double seconds_left_ = 0;           ///< For all that are held, once they have begun.
  std::vector<PlannedRow> done_;
  std::string lost_;
};

}  // namespace qgemm::cuda
