#pragma once
#include <cuda_runtime_api.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "cuda/gpu_watch.hpp"
#include "testbed/cuda/device_contender.hpp"

namespace qgemm::cuda {

/// How near its power limit the GPU can be expected to be, by what the tensor cores have to do for each byte: 0 below
/// it, else from 1 on with each doubling, up to 3 where it draws all that it may.
int expected_load(double operations_per_byte);

/// The rows of a point on their way, and whether the GPU still answers. They are sampled in rounds of one sample of
/// each, in random order, enqueued one after the other so that the GPU never waits.
class Contest {
 public:
  Contest(const SweepOptions& options, const std::mt19937_64& order, const std::atomic<bool>* stop, cudaStream_t stream)
      : options_(options), order_(order), stop_(stop), stream_(stream) {}

  bool going() const { return lost_.empty() && (stop_ == nullptr || !stop_->load(std::memory_order_relaxed)); }
  /// What the GPU was lost by (see `DeviceLost`), or nothing.
  const std::string& lost() const { return lost_; }
  /// True where the last round was lost to an error, which one of the rows tells.
  bool failed() const { return failed_; }

  /// Prepares and checks a row; one that fails or is wrong is not sampled, and says so.
  void enter(PlannedRow& planned, const PointInputs& inputs);
  void warm_up();
  void measure_as_reference();

  /// Rounds until the last row has enough: to the end all rows run in the same company, which leaves them all the same
  /// clock. Rounds before the GPU has found the clock of this load are dropped: products that draw more power than it
  /// may have run up to a fifth faster in their first tenth of a second.
  void sample();
  /// So many rounds more; `parts`: with a sample of the parts of each call.
  void visit(int rounds, bool parts = false);
  /// Forgets the first samples of all rows; those of rounds that began before `when`, but for the last `least` rounds.
  void drop_first(std::size_t rounds);
  void drop_before(GpuLog::Clock::time_point when, std::size_t least);
  /// Rounds that count.
  std::size_t rounds() const { return begins_.size(); }
  GpuLog::Clock::time_point begin_of(std::size_t round) const { return begins_[round]; }
  /// The clock in the last round; 0 where it could not be read.
  double last_mhz() const;
  /// From now on noise is judged at one clock.
  void judge_at_one_clock();

  /// Of the rows that entered: see `expected_load`.
  int load() const;
  bool all_finished() const;
  /// True where a row is wanted better known than it is.
  bool any_noisy() const;
  /// Fills in what the samples so far tell. Rows without a sample stay as they are.
  void conclude(double launch_us);
  /// Rows that a stop cut short, so that a resumed run measures them whole, and those that failed on the way.
  void leave_unfinished();

 private:
  /// What fails in `work` ends that contender, as a row that says so.
  void each(const std::function<void(DeviceContender&)>& work);
  double level() const;
  double shortest_seconds() const;
  /// One sample of every contender, in random order. False where the GPU failed.
  bool round(bool parts);
  bool attempt(Result& row, const std::function<void()>& work);

  const SweepOptions& options_;
  std::mt19937_64 order_;
  const std::atomic<bool>* stop_;
  cudaStream_t stream_;
  std::vector<std::unique_ptr<DeviceContender>> contenders_;
  std::vector<GpuLog::Clock::time_point> begins_;  ///< Of the rounds that count.
  std::string lost_;
  bool failed_ = false;
};

}  // namespace qgemm::cuda
