#include "testbed/cuda/measure_on_device.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <functional>
#include <memory>

#include "cuda/cuda_error.hpp"
#include "testbed/row_outcome.hpp"
#include "timing/transient.hpp"

namespace qgemm::cuda {
namespace {

/// The rows of a point on their way, and whether the GPU still answers.
class Contest {
 public:
  Contest(const SweepOptions& options, const std::atomic<bool>* stop, cudaStream_t stream)
      : options_(options), stop_(stop), stream_(stream) {}

  bool going() const { return lost_.empty() && (stop_ == nullptr || !stop_->load(std::memory_order_relaxed)); }
  const std::string& lost() const { return lost_; }

  void enter(PlannedRow& planned, const PointInputs& inputs) {
    std::unique_ptr<DeviceContender> contender;
    const bool ready = attempt(planned.row, [&] {
      contender = std::make_unique<DeviceContender>(planned, inputs, options_, stream_);
      if (!contender->check(inputs)) contender.reset();
    });
    if (ready && contender) contenders_.push_back(std::move(contender));
  }

  /// What fails in `work` ends that contender, as a row that says so.
  void each(const std::function<void(DeviceContender&)>& work) {
    for (auto& contender : contenders_) {
      if (!going()) break;
      if (!attempt(contender->row(), [&] { work(*contender); })) contender.reset();
    }
    std::erase(contenders_, nullptr);
  }

  /// Rounds of one sample of every row, until the last row has enough: to the end all rows run in the same company,
  /// which leaves them all the same clock. Rounds before the GPU has found the clock of this load are dropped: products
  /// that draw more power than it may have run up to a fifth faster in their first tenth of a second.
  void sample(std::mt19937_64& order) {
    std::vector<double> levels;                     // of each round that counts, the mean logarithm of its times
    std::vector<GpuLog::Clock::time_point> begins;  // when it began
    std::size_t next_look = 0;
    const auto first = GpuLog::Clock::now();
    const std::chrono::duration<double> shortest(shortest_seconds());
    while (going() && !contenders_.empty()) {
      begins.push_back(GpuLog::Clock::now());
      if (!round(order)) break;
      levels.push_back(level());
      const auto passed = GpuLog::Clock::now() - first;
      if (levels.size() < next_look || passed < shortest) continue;
      next_look = levels.size() + levels.size() / 10 + 1;
      // What moves later is no beginning: its power limit lets a GPU's clock rise and fall for as long as one looks.
      constexpr double tolerance = 0.005;  // half a percent: less does not show in a median known to one
      const std::size_t early = passed < 2 * shortest ? transient_length(levels, tolerance) : 0;
      if (early > 0) {
        levels.erase(levels.begin(), levels.begin() + static_cast<std::ptrdiff_t>(early));
        begins.erase(begins.begin(), begins.begin() + static_cast<std::ptrdiff_t>(early));
        for (auto& contender : contenders_) contender->drop_first(early);
      }
      if (all_finished()) break;
    }
    steady_since_ = begins.empty() ? first : begins.front();
  }
  GpuLog::Clock::time_point steady_since() const { return steady_since_; }

  void finish(double launch_us) {
    // A row that a stop cut short is `skipped`, so that a resumed run measures it whole; one that failed on the way
    // says so by now.
    std::erase_if(contenders_, [](const auto& contender) {
      return !contender->finished() || contender->row().outcome != Outcome::skipped;
    });
    for (auto& contender : contenders_) {
      if (!lost_.empty()) return;
      attempt(contender->row(), [&] {
        contender->conclude();
        contender->split(launch_us);
      });
    }
  }

 private:
  bool all_finished() const {
    return std::all_of(contenders_.begin(), contenders_.end(), [](const auto& c) { return c->finished(); });
  }

  double level() const {
    double sum = 0;
    for (const auto& contender : contenders_) sum += std::log(contender->last_us());
    return sum / static_cast<double>(contenders_.size());
  }

  /// What a point is watched for at least. Where the tensor cores have much to do for each byte, the GPU reaches its
  /// power limit, and that takes a while to show in its clock; elsewhere its clock only has to rise from idling. Less
  /// where rows are sampled for less: who asks for a quick look does not wait for the clock.
  double shortest_seconds() const {
    constexpr double much = 100;  // operations a byte: at a sixth of what an H100 has for a byte it nears its limit
    constexpr double power = 0.15, idle = 0.03;
    double most = 0;
    for (const auto& contender : contenders_) most = std::max(most, contender->operations_per_byte());
    return std::min(most > much ? power : idle, 1.5 * stopping_limits(options_, default_row_seconds).max_seconds);
  }

  /// One sample of every contender, in random order. False where the GPU failed.
  bool round(std::mt19937_64& order) {
    std::vector<DeviceContender*> turn;
    for (auto& contender : contenders_) turn.push_back(contender.get());
    std::shuffle(turn.begin(), turn.end(), order);
    // An error shows when the GPU gets there, whoever's launch it was: the round's first row takes the blame.
    return attempt(turn.front()->row(), [&] {
      for (DeviceContender* contender : turn) contender->enqueue_sample();
      check(cudaStreamSynchronize(stream_));
      for (DeviceContender* contender : turn) contender->collect();
    });
  }

  bool attempt(Result& row, const std::function<void()>& work) {
    return record_failure(row, [&] {
      try {
        work();
      } catch (const DeviceLost& error) {
        lost_ = error.what();
        throw;
      }
    });
  }

  const SweepOptions& options_;
  const std::atomic<bool>* stop_;
  cudaStream_t stream_;
  std::vector<std::unique_ptr<DeviceContender>> contenders_;
  std::string lost_;
  GpuLog::Clock::time_point steady_since_{};
};

}  // namespace

Measured measure_together(std::vector<PlannedRow*>& rows, const PointInputs& inputs, const SweepOptions& options,
                          std::mt19937_64& order, const std::atomic<bool>* stop, cudaStream_t stream) {
  Measured measured;
  Contest contest(options, stop, stream);
  for (PlannedRow* planned : rows) {
    if (contest.going()) contest.enter(*planned, inputs);
  }
  if (options.timer == "reference") {
    measured.started = GpuLog::Clock::now();
    contest.each([](DeviceContender& contender) { contender.measure_as_reference(); });
  } else {
    contest.each([](DeviceContender& contender) { contender.warm_up(); });
    contest.sample(order);
    measured.started = contest.steady_since();
  }
  contest.finish(inputs.launch_us);
  measured.lost = contest.lost();
  return measured;
}

}  // namespace qgemm::cuda
