#include "testbed/cuda/kept_points.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <utility>

#include "testbed/cuda/measure_on_device.hpp"
#include "timing/cpu_timer.hpp"
#include "timing/transient.hpp"

namespace qgemm::cuda {
namespace {

/// Parts of a call are timed in so many passes.
constexpr std::size_t passes_of_parts = 5;
/// A clock's swing takes about a second: in less time nothing is known of it, however alike samples are.
constexpr double least_seconds = 1.0;

}  // namespace

void KeptPoints::add(std::unique_ptr<HeldPoint> point) {
  points_.push_back(std::move(point));
  passes_.reset();
}

std::int64_t KeptPoints::rows() const {
  std::int64_t rows = 0;
  for (const auto& point : points_) rows += static_cast<std::int64_t>(point->rows.size());
  return rows;
}

std::int64_t KeptPoints::bytes() const {
  std::int64_t bytes = 0;
  for (const auto& point : points_) bytes += point->bytes;
  return bytes;
}

double KeptPoints::refine(double seconds, const std::atomic<bool>* stop, double launch_us) {
  if (points_.empty()) return 0;
  const auto stopped = [&] { return !lost_.empty() || (stop != nullptr && stop->load(std::memory_order_relaxed)); };
  if (!passes_) begin();
  const double now = now_seconds(), until = now + seconds;
  while (!stopped()) {
    visit(*points_[passes_->next()]);
    const double spent = now_seconds() - began_;
    const bool enough = passes_->passed() >= static_cast<std::size_t>(std::max(options_.min_samples, 1));
    if (enough && (spent >= budget_seconds() || (passes_->between_passes() && spent >= least_seconds && known())))
      break;
    if (now_seconds() >= until) return std::max(budget_seconds() - spent, 0.01);
  }
  let_go(launch_us);
  return 0;
}

std::vector<PlannedRow> KeptPoints::take() { return std::exchange(done_, {}); }

void KeptPoints::begin() {
  passes_.emplace(points_.size(), operand_seed(options_.seed, SeedOf::order, rows(), 0));
  rounds_.clear();
  for (auto& point : points_) point->contest->drop_first(point->contest->rounds());
  began_ = now_seconds();
}

void KeptPoints::visit(HeldPoint& point) {
  point.contest->visit(1, passes_->passed() < passes_of_parts);
  lost_ = point.contest->lost();
  if (point.contest->rounds() == 0) return;
  rounds_.push_back({point.contest->begin_of(point.contest->rounds() - 1), point.contest->last_mhz()});
}

bool KeptPoints::known() const {
  return std::none_of(points_.begin(), points_.end(), [](const auto& point) { return point->contest->any_noisy(); });
}

double KeptPoints::budget_seconds() const {
  const double row = options_.max_time > 0 ? options_.max_time : default_row_seconds;
  return std::max(row * static_cast<double>(rows()), options_.max_time > 0 ? 0 : least_seconds);
}

/// Rounds in which the GPU had yet to find the clock of this mixture of loads count no more.
void KeptPoints::drop_the_beginning() {
  constexpr std::chrono::milliseconds longest(1000);
  std::vector<double> clocks;
  for (const Round& round : rounds_) {
    if (round.when - rounds_.front().when <= longest && round.mhz > 0) clocks.push_back(std::log(round.mhz));
  }
  constexpr double tolerance = 0.005;
  const std::size_t early = transient_length(clocks, tolerance);
  if (early == 0) return;
  const auto steady = rounds_[early].when;
  for (auto& point : points_) {
    Contest& contest = *point->contest;
    std::size_t rounds = 0;
    while (rounds < contest.rounds() && contest.begin_of(rounds) < steady) ++rounds;
    contest.drop_first(rounds);
  }
}

void KeptPoints::let_go(double launch_us) {
  if (lost_.empty()) drop_the_beginning();
  const auto enough = static_cast<std::size_t>(std::max(options_.min_samples, 1));
  for (auto& point : points_) {
    Contest& contest = *point->contest;
    // Where a stop left less than that, the first visit tells as much.
    if (contest.rounds() < enough && !contest.failed()) continue;
    contest.conclude(launch_us);
    if (contest.rounds() > 0) note_gpu(point->rows, watch_.between(contest.begin_of(0), GpuLog::Clock::now()));
    done_.insert(done_.end(), point->rows.begin(), point->rows.end());
    if (lost_.empty()) lost_ = contest.lost();
  }
  points_.clear();
  passes_.reset();
}

}  // namespace qgemm::cuda
