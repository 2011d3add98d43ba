#include "testbed/cuda/contest.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "cuda/cuda_error.hpp"
#include "testbed/row_outcome.hpp"
#include "timing/transient.hpp"

namespace qgemm::cuda {

int expected_load(double operations_per_byte) {
  // An H100 has about 600 int8 operations for a byte from memory. With 64 tokens, 125 operations a byte, it keeps its
  // highest clock; with 128 that begins to swing; from 512 on it is down by a third.
  constexpr double little = 125;
  if (operations_per_byte <= 0) return 0;
  return std::clamp(static_cast<int>(std::lround(std::log2(operations_per_byte / little))), 0, 3);
}

void Contest::enter(PlannedRow& planned, const PointInputs& inputs) {
  std::unique_ptr<DeviceContender> contender;
  const bool ready = attempt(planned.row, [&] {
    contender = std::make_unique<DeviceContender>(planned, inputs, options_, stream_);
    if (!contender->check(inputs)) contender.reset();
  });
  if (ready && contender) contenders_.push_back(std::move(contender));
}

void Contest::warm_up() {
  each([](DeviceContender& contender) { contender.warm_up(); });
}

void Contest::measure_as_reference() {
  each([](DeviceContender& contender) { contender.measure_as_reference(); });
}

void Contest::sample() {
  std::vector<double> levels;  // of each round that counts, the mean logarithm of its times
  std::size_t next_look = 0;
  const auto first = GpuLog::Clock::now();
  const std::chrono::duration<double> shortest(shortest_seconds());
  while (going() && !contenders_.empty()) {
    constexpr std::size_t rounds_of_parts = 5;
    if (!round(levels.size() < rounds_of_parts)) break;
    levels.push_back(level());
    const auto passed = GpuLog::Clock::now() - first;
    if (levels.size() < next_look || passed < shortest) continue;
    next_look = levels.size() + levels.size() / 10 + 1;
    // What moves later is no beginning: its power limit lets a GPU's clock rise and fall for as long as one looks.
    constexpr double tolerance = 0.005;  // half a percent: less does not show in a median known to one
    const std::size_t early = passed < 2 * shortest ? transient_length(levels, tolerance) : 0;
    if (early > 0) {
      levels.erase(levels.begin(), levels.begin() + static_cast<std::ptrdiff_t>(early));
      drop_first(early);
    }
    if (all_finished()) break;
  }
}

void Contest::visit(int rounds, bool parts) {
  for (int i = 0; i < rounds && going() && !failed_ && !contenders_.empty(); ++i) {
    if (!round(parts)) break;
  }
}

void Contest::drop_first(std::size_t rounds) {
  begins_.erase(begins_.begin(), begins_.begin() + static_cast<std::ptrdiff_t>(std::min(rounds, begins_.size())));
  for (auto& contender : contenders_) contender->drop_first(rounds);
}

void Contest::drop_before(GpuLog::Clock::time_point when, std::size_t least) {
  const auto before = std::lower_bound(begins_.begin(), begins_.end(), when) - begins_.begin();
  drop_first(std::min(static_cast<std::size_t>(before), rounds() - std::min(rounds(), least)));
}

double Contest::last_mhz() const {
  double sum = 0;
  for (const auto& contender : contenders_) sum += contender->last_mhz();
  return contenders_.empty() ? 0 : sum / static_cast<double>(contenders_.size());
}

void Contest::leave_unfinished() {
  std::erase_if(contenders_, [](const auto& contender) {
    return !contender->finished() || contender->row().outcome != Outcome::skipped;
  });
}

void Contest::conclude(double launch_us) {
  for (auto& contender : contenders_) {
    if (!lost_.empty()) return;
    const Outcome found = contender->row().outcome;
    if (found != Outcome::skipped && !contender->row().measured()) continue;  // it failed on the way, and says so
    attempt(contender->row(), [&] { contender->conclude(launch_us); });
  }
}

void Contest::each(const std::function<void(DeviceContender&)>& work) {
  for (auto& contender : contenders_) {
    if (!going()) break;
    if (!attempt(contender->row(), [&] { work(*contender); })) contender.reset();
  }
  std::erase(contenders_, nullptr);
}

bool Contest::all_finished() const {
  return std::all_of(contenders_.begin(), contenders_.end(), [](const auto& c) { return c->finished(); });
}

bool Contest::any_noisy() const {
  return std::any_of(contenders_.begin(), contenders_.end(), [](const auto& c) { return c->noisy(); });
}

double Contest::level() const {
  double sum = 0;
  for (const auto& contender : contenders_) sum += std::log(contender->last_us());
  return sum / static_cast<double>(contenders_.size());
}

void Contest::judge_at_one_clock() {
  for (auto& contender : contenders_) contender->judge_at_one_clock();
}

int Contest::load() const {
  double most = 0;
  for (const auto& contender : contenders_) most = std::max(most, operations_per_byte(contender->spec()));
  return expected_load(most);
}

/// What a point is watched for at least: a power limit takes a while to show in the clock; elsewhere the clock only has
/// to rise from idling. Less where rows are sampled for less: who asks for a quick look does not wait for the clock.
double Contest::shortest_seconds() const {
  constexpr double power = 0.15, idle = 0.03;
  const double shortest = load() > 0 ? power : idle;
  return options_.max_time > 0 ? std::min(shortest, 1.5 * options_.max_time) : shortest;
}

bool Contest::round(bool parts) {
  std::vector<DeviceContender*> turn;
  for (auto& contender : contenders_) turn.push_back(contender.get());
  std::shuffle(turn.begin(), turn.end(), order_);
  const auto begin = GpuLog::Clock::now();
  // An error shows when the GPU gets there, whoever's launch it was: the round's first row takes the blame.
  failed_ = !attempt(turn.front()->row(), [&] {
    for (DeviceContender* contender : turn) {
      // The sample last: D is checked as a whole call left it, and its product alone may be another kernel's.
      if (parts) contender->enqueue_parts();
      contender->enqueue_sample();
    }
    check(cudaStreamSynchronize(stream_));
    for (DeviceContender* contender : turn) {
      contender->collect();
      if (parts) contender->collect_parts();
    }
    begins_.push_back(begin);
  });
  if (failed_) turn.front()->lose_times();
  return !failed_;
}

bool Contest::attempt(Result& row, const std::function<void()>& work) {
  return record_failure(row, [&] {
    try {
      work();
    } catch (const DeviceLost& error) {
      lost_ = error.what();
      throw;
    }
  });
}

}  // namespace qgemm::cuda
