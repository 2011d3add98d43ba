#include "testbed/cuda/measure_on_device.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>

#include "cuda/cuda_error.hpp"
#include "testbed/row_outcome.hpp"
#include "timing/cpu_timer.hpp"

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

  /// Rounds that nobody counts, until the GPU's clock is what this load leaves it: products that draw more power than
  /// it may have run up to a fifth faster in their first tenth of a second.
  void settle(std::mt19937_64& order) {
    // Seconds; less where rows are sampled for less: who asks for a quick look does not wait for the clock.
    constexpr double most = 0.1;
    const double row = std::min(stopping_limits(options_, default_row_seconds).max_seconds, most);
    const double shortest = 1.5 * row, longest = 6 * row, block = 0.4 * row;
    constexpr double steady = 0.01;  // relative to the block before
    std::vector<DeviceContender*> turn;
    for (auto& contender : contenders_) turn.push_back(contender.get());
    const double started = now_seconds();
    double before = 0;
    while (going() && !turn.empty()) {
      const double block_started = now_seconds();
      int rounds = 0;
      const bool fine = attempt(turn.front()->row(), [&] {
        do {
          std::shuffle(turn.begin(), turn.end(), order);
          for (DeviceContender* contender : turn) contender->enqueue_sample();
          check(cudaStreamSynchronize(stream_));
          ++rounds;
        } while (now_seconds() - block_started < block);
      });
      if (!fine) return;
      const double now = now_seconds(), round = (now - block_started) / rounds;
      const bool same = std::abs(round - before) < steady * round;
      before = round;
      if (now - started > longest || (now - started > shortest && same)) return;
    }
  }

  /// One sample of every contender that needs more, in random order. False where none does.
  bool round(std::mt19937_64& order) {
    std::vector<DeviceContender*> turn;
    for (auto& contender : contenders_) {
      if (!contender->finished()) turn.push_back(contender.get());
    }
    if (turn.empty()) return false;
    std::shuffle(turn.begin(), turn.end(), order);
    // An error shows when the GPU gets there, whoever's launch it was: the round's first row takes the blame.
    const bool fine = attempt(turn.front()->row(), [&] {
      for (DeviceContender* contender : turn) contender->enqueue_sample();
      check(cudaStreamSynchronize(stream_));
      for (DeviceContender* contender : turn) contender->collect();
    });
    return fine;
  }

  void finish() {
    // A row that a stop cut short is `skipped`, so that a resumed run measures it whole.
    std::erase_if(contenders_, [](const auto& contender) { return !contender->finished(); });
    for (auto& contender : contenders_) {
      if (!lost_.empty()) return;
      attempt(contender->row(), [&] {
        contender->conclude();
        contender->split();
      });
    }
  }

 private:
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
    contest.settle(order);
    measured.started = GpuLog::Clock::now();
    while (contest.going() && contest.round(order)) {
    }
  }
  contest.finish();
  measured.lost = contest.lost();
  return measured;
}

}  // namespace qgemm::cuda
