#include "testbed/cuda/kept_points.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "timing/cpu_timer.hpp"
#include "timing/transient.hpp"

namespace qgemm::cuda {
namespace {

/// Parts of a call are timed in so many passes.
constexpr std::size_t passes_of_parts = 5;
/// A clock takes a few tenths of a second to find a new mixture, and swings within a second: in less time nothing is
/// known of it, however alike samples are.
constexpr double least_seconds = 0.7;

/// Rounds in which the GPU had yet to find the clock of this mixture of loads: the time of the first that counts.
template <class Round>
GpuLog::Clock::time_point steady_since(const std::vector<Round>& rounds) {
  constexpr std::chrono::milliseconds longest(500);
  std::vector<double> clocks;
  for (const Round& round : rounds) {
    if (round.when - rounds.front().when <= longest && round.mhz > 0) clocks.push_back(std::log(round.mhz));
  }
  constexpr double tolerance = 0.01;  // in the clock, which is taken out of the times
  return rounds[transient_length(clocks, tolerance)].when;
}

}  // namespace

void KeptPoints::add(std::unique_ptr<HeldPoint> point) {
  points_.push_back(std::move(point));
  mixture_.reset();
  seconds_left_ = 0;
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
  const double until = now_seconds() + seconds;
  const auto stopped = [&] { return !lost_.empty() || (stop != nullptr && stop->load(std::memory_order_relaxed)); };
  while (!points_.empty() && !stopped()) {
    if (!mixture_) begin();
    visit(*mixture_->points[mixture_->passes.next()]);
    const double spent = now_seconds() - mixture_->began;
    if (finished()) {
      let_go(launch_us);
      seconds_left_ -= spent;
    } else if (now_seconds() >= until) {
      return std::max(seconds_left_ - spent, 0.01);
    }
  }
  while (!points_.empty()) {
    if (!mixture_) begin();
    let_go(launch_us);
  }
  return 0;
}

std::vector<PlannedRow> KeptPoints::take() { return std::exchange(done_, {}); }

/// The mixture of the least load that is held: the clock has the shortest way from one to the next.
void KeptPoints::begin() {
  const double row = options_.max_time > 0 ? options_.max_time : default_row_seconds;
  const auto all = static_cast<double>(rows());
  if (seconds_left_ <= 0) seconds_left_ = row * all;
  int least = points_.front()->contest->load();
  for (const auto& point : points_) least = std::min(least, point->contest->load());
  std::vector<HeldPoint*> points;
  double count = 0;
  for (const auto& point : points_) {
    if (point->contest->load() != least) continue;
    points.push_back(point.get());
    count += static_cast<double>(point->rows.size());
    point->contest->drop_first(point->contest->rounds());
    point->contest->judge_at_one_clock();
  }
  Passes passes(points.size(), operand_seed(options_.seed, SeedOf::order, least, rows()));
  mixture_ = std::make_unique<Mixture>(Mixture{std::move(points), {}, std::move(passes)});
  mixture_->began = now_seconds();
  mixture_->seconds = std::max(seconds_left_ * count / all, options_.max_time > 0 ? 0.0 : least_seconds);
}

void KeptPoints::visit(HeldPoint& point) {
  Contest& contest = *point.contest;
  const std::size_t before = contest.rounds();
  contest.visit(1, mixture_->passes.passed() < passes_of_parts);
  lost_ = contest.lost();
  if (contest.rounds() > before) mixture_->rounds.push_back({contest.begin_of(before), contest.last_mhz()});
}

bool KeptPoints::finished() const {
  const auto enough = static_cast<std::size_t>(std::max(options_.min_samples, 1)) + 1;  // one may be the beginning's
  if (mixture_->passes.passed() < enough) return false;
  const double spent = now_seconds() - mixture_->began;
  const auto most = static_cast<std::size_t>(StoppingLimits().max_samples);
  if (spent >= mixture_->seconds || mixture_->passes.passed() >= most) return true;
  if (!mixture_->passes.between_passes() || spent < least_seconds) return false;
  return std::none_of(mixture_->points.begin(), mixture_->points.end(),
                      [](const HeldPoint* point) { return point->contest->any_noisy(); });
}

void KeptPoints::let_go(double launch_us) {
  const auto enough = static_cast<std::size_t>(std::max(options_.min_samples, 1));
  for (HeldPoint* point : mixture_->points) {
    Contest& contest = *point->contest;
    if (!mixture_->rounds.empty()) contest.drop_before(steady_since(mixture_->rounds), enough);
    // Where a stop left less than that, the first visit tells as much; so it does where the GPU cannot be asked any
    // more.
    if (!contest.failed() && (contest.rounds() < enough || !lost_.empty())) continue;
    if (lost_.empty()) contest.conclude(launch_us);
    if (contest.rounds() > 0) point->note(watch_.between(contest.begin_of(0), GpuLog::Clock::now()));
    done_.insert(done_.end(), point->rows.begin(), point->rows.end());
    if (lost_.empty()) lost_ = contest.lost();
  }
  std::erase_if(points_, [&](const auto& point) {
    return std::find(mixture_->points.begin(), mixture_->points.end(), point.get()) != mixture_->points.end();
  });
  mixture_.reset();
}

}  // namespace qgemm::cuda
