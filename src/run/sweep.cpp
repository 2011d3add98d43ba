#include "qgemm/sweep.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>

#include "plan/plan.hpp"
#include "qgemm/error.hpp"
#include "results/limits_store.hpp"
#include "run/describe_run.hpp"
#include "run/repro.hpp"
#include "run/select_testbed.hpp"
#include "run/typical_clock.hpp"
#include "testbed/memory_plan.hpp"
#include "testbed/roofline.hpp"
#include "testbed/row_outcome.hpp"
#include "testbed/stored_operands.hpp"
#include "timing/cpu_timer.hpp"
#include "timing/statistics.hpp"

namespace qgemm {
namespace {

class Sweep {
 public:
  Sweep(const SweepOptions& options, const SweepRun& run) : options_(options), run_(run) {
    check(options);
    auto selected = select_testbed(options);
    testbed_ = std::move(selected.testbed);
    note_ = std::move(selected.note);
    if (options.timer == "reference" && testbed_->kind() != DeviceKind::cuda) {
      throw Unavailable("--timer reference replays CUDA graphs, and no GPU can be used here (qgemm doctor says why)");
    }
    PlanDevice device = testbed_->plan_device();
    for (const auto& external : run.externals) device.externals.push_back({external->name(), external->providers()});
    points_ = plan_points(options, device);
    host_externals();
    check_stored();
  }

  SweepPlan plan() {
    SweepPlan out;
    out.device = testbed_->describe().name;
    out.note = note_;
    out.available_memory_bytes = testbed_->memory_budget();
    for (const Point& point : points_) {
      const auto rows = planned_rows(point);
      SweepPlan::Point planned{point.model, point.layer, point.tp, point.shape, point.cache, {}, 0, 0};
      planned.memory_bytes = point_bytes(point.shape, rows) + (stored_ ? stored_->extra_bytes(point) : 0);
      for (const auto& row : rows) {
        const std::string engine = row.engine != nullptr ? std::string(row.engine->name()) : "unsupported";
        planned.providers.push_back(row.c.provider + "/" + engine);
        if (row.engine != nullptr) planned.seconds += testbed_->row_seconds(row.c.spec, *row.engine);
      }
      out.rows += static_cast<std::int64_t>(rows.size());
      out.seconds += planned.seconds;
      out.largest_memory_bytes = std::max(out.largest_memory_bytes, planned.memory_bytes);
      out.points.push_back(std::move(planned));
    }
    return out;
  }

  ResultSet measure() {
    const SweepPlan estimate = plan();
    ResultSet results;
    results.context = context();
    if (run_.observer != nullptr) run_.observer->started(results.context, estimate.rows);
    const double started = now_seconds();
    double estimated_done = 0;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      measure_point(points_[i], results);
      take_refined(results);
      // What is left takes as much longer than its estimate as what is done did.
      estimated_done += estimate.points[i].seconds;
      const double pace = (now_seconds() - started) / std::max(estimated_done, 1e-9);
      report_progress(results, estimate, std::max(0.0, estimate.seconds - estimated_done) * pace);
    }
    refine(results, estimate);
    if (results.context.limits.empty()) measure_limits_last(results);
    mark_clocks(results.rows);
    if (!run_.limits_folder.empty() && beats_limits(results.rows)) {
      forget_limits(run_.limits_folder, results.context.device);
    }
    return results;
  }

 private:
  /// The externals that the options name, which the plan has found to be known.
  void host_externals() {
    if (options_.external.empty()) return;
    for (const auto& external : run_.externals) {
      const auto& wanted = options_.external;
      if (std::find(wanted.begin(), wanted.end(), external->name()) == wanted.end()) continue;
      externals_.push_back(testbed_->host(external));
    }
  }

  /// The testbed's engines, best first, then the externals.
  std::vector<const Engine*> engines() const {
    std::vector<const Engine*> all = testbed_->engines();
    for (const auto& external : externals_) all.push_back(external.get());
    return all;
  }

  /// What cannot be read of a checkpoint is found before anything is measured.
  void check_stored() {
    if (options_.weights.empty()) return;
    stored_.emplace(options_);
    stored_->check(points_);
  }

  Context context() const {
    if (run_.context != nullptr) return *run_.context;
    Context out = describe_run(options_, run_, *testbed_, engines());
    out.operands = operands();
    return out;
  }

  /// Of the first layer, which is measured first and uses its weights again; with as many tokens as tell something, up
  /// to those that are made at once.
  std::vector<OperandFacts> operands() const {
    constexpr std::int64_t most_tokens = 1024;
    if (points_.empty() || stopped()) return {};
    Point first = points_.front();
    Shape& shape = first.shape;
    std::vector<Scheme> schemes;
    for (const Point& point : points_) {
      if (point.shape.n == shape.n && point.shape.k == shape.k && point.shape.m <= most_tokens) {
        shape.m = std::max(shape.m, point.shape.m);
      }
      for (const Case& c : point.cases) {
        const bool known = std::find(schemes.begin(), schemes.end(), c.spec.scheme) != schemes.end();
        std::string reason;
        if (!known && resolve(c, reason) != nullptr) schemes.push_back(c.spec.scheme);
      }
    }
    return testbed_->operands(first, schemes);
  }

  /// The first engine that runs the case: of the testbed's for `auto` (the reference only where nothing else does),
  /// else the named.
  const Engine* resolve(const Case& c, std::string& reason) const {
    for (const Engine* engine : c.engine == "auto" ? testbed_->engines() : engines()) {
      if (c.engine != "auto" && c.engine != engine->name()) continue;
      const Support support = engine->supports(c.spec);
      if (support.ok) return engine;
      reason = support.reason;
    }
    return nullptr;
  }

  std::vector<PlannedRow> planned_rows(const Point& point) const {
    std::vector<PlannedRow> rows;
    const double cold_factor = options_.cold_factor > 0 ? options_.cold_factor : default_cold_factor(testbed_->kind());
    for (const Case& c : point.cases) {
      PlannedRow planned;
      planned.c = c;
      planned.row = row_of(c);
      std::string reason;
      planned.engine = resolve(c, reason);
      if (planned.engine == nullptr) {
        planned.row.engine = c.engine == "auto" ? "none" : c.engine;
        planned.row.outcome = Outcome::unsupported;
        planned.row.message = reason;
      } else {
        planned.row.engine = planned.engine->name();
        const std::int64_t bytes = planned.engine->set_bytes(c.spec);
        planned.sets = c.cache == CacheState::hot ? testbed_->hot_sets(bytes)
                                                  : operand_sets(c.cache, bytes, testbed_->cache_bytes(), cold_factor);
      }
      planned.row.repro = repro_command(c, planned.row, options_);
      // `auto` beside the same engine's own name would measure it twice.
      const bool twice =
          std::any_of(rows.begin(), rows.end(), [&](const auto& other) { return same_case(other.row, planned.row); });
      if (!twice) rows.push_back(std::move(planned));
    }
    return rows;
  }

  void measure_point(const Point& point, ResultSet& results) {
    std::vector<PlannedRow> rows = planned_rows(point);
    std::vector<PlannedRow> missing;
    for (const auto& planned : rows) {
      if (find_done(planned.row) == nullptr && planned.engine != nullptr) missing.push_back(planned);
    }
    if (!missing.empty() && !stopped()) testbed_->measure(point, missing, run_.stop);

    for (auto& planned : rows) {
      const Result* done = find_done(planned.row);
      for (const auto& measured : missing) {
        if (same_case(measured.row, planned.row)) planned.row = measured.row;
      }
      if (done != nullptr) planned.row = *done;
      if (planned.row.outcome == Outcome::skipped && planned.row.message.empty()) {
        planned.row.message = "the sweep was stopped before this row";
      }
    }
    const std::size_t first = results.rows.size();
    for (const auto& planned : rows) results.rows.push_back(planned.row);
    finished_.push_back({first, std::move(rows)});
    finish(
        finished_.back(), [this](const Result& row) { return find_done(row) == nullptr; }, results);
  }

  /// The rows of a point as they came back from the testbed.
  struct FinishedPoint {
    std::size_t first;  ///< Of `ResultSet::rows`, where its rows begin.
    std::vector<PlannedRow> rows;
  };

  /// Adds to the rows of a point what takes all of them or the context; those that are `fresh` are told.
  template <class IsFresh>
  void finish(FinishedPoint& point, const IsFresh& fresh, ResultSet& results) {
    add_speedups(point.rows);
    for (std::size_t i = 0; i < point.rows.size(); ++i) {
      PlannedRow& planned = point.rows[i];
      if (fresh(planned.row)) {
        planned.row.repro = repro_command(planned.c, planned.row, options_);
        apply_roofline(planned.row, planned.c.spec, results.context, testbed_->cache_bytes());
        note_cache(planned.row);
        if (run_.observer != nullptr && planned.row.outcome != Outcome::skipped) run_.observer->finished(planned.row);
      }
      results.rows[point.first + i] = planned.row;
    }
  }

  /// Rows that the testbed sampled on take the place of what was found at first.
  void take_refined(ResultSet& results) {
    const std::vector<PlannedRow> refined = testbed_->take_refined();
    const auto find = [&](const Result& row) {
      return std::find_if(refined.begin(), refined.end(), [&](const auto& r) { return same_case(r.row, row); });
    };
    for (auto& point : finished_) {
      bool any = false;
      for (auto& planned : point.rows) {
        const auto found = find(planned.row);
        if (found != refined.end()) planned.row = found->row, any = true;
      }
      if (any)
        finish(
            point, [&](const Result& row) { return find(row) != refined.end(); }, results);
    }
    // What is final needs not be held twice, unless limits are to come.
    if (testbed_->open_rows() == 0 && !(testbed_->limits_last() && results.context.limits.empty())) finished_.clear();
  }

  /// Rows that were visited once are sampled on, in short stretches, so that whoever looks sees it go on.
  void refine(ResultSet& results, const SweepPlan& estimate) {
    constexpr double stretch = 0.25;
    while (testbed_->open_rows() > 0) {
      const double left = testbed_->refine(stretch, run_.stop);
      take_refined(results);
      report_progress(results, estimate, left);
    }
  }

  /// Limits that are not known yet, and what they say of the rows.
  void measure_limits_last(ResultSet& results) {
    if (options_.no_limits || !testbed_->limits_last() || stopped()) return;
    try {
      add_limits(results.context, run_, *testbed_);
    } catch (const Error&) {  // a GPU that failed meanwhile has said so in its rows
      return;
    }
    for (const FinishedPoint& point : finished_) {
      for (std::size_t i = 0; i < point.rows.size(); ++i) {
        apply_roofline(results.rows[point.first + i], point.rows[i].c.spec, results.context, testbed_->cache_bytes());
      }
    }
  }

  /// A row that is faster than physics allows, beyond its noise and that of the limits, shows the limits to be too low.
  static bool beats_limits(const std::vector<Result>& rows) {
    return std::any_of(rows.begin(), rows.end(),
                       [](const Result& row) { return row.measured() && row.limit_share.value_or(0) > 1.05; });
  }

  /// Against the baselines of the same point; where several engines ran one, against the fastest.
  void add_speedups(std::vector<PlannedRow>& rows) const {
    const auto baseline = [&](const char* provider) {
      const Result* best = nullptr;
      for (const auto& planned : rows) {
        const Result& row = planned.row;
        if (row.provider != provider || !row.measured()) continue;
        if (best == nullptr || *row.median_us < *best->median_us) best = &row;
      }
      return best;
    };
    const Result *bf16 = baseline("bf16"), *f32 = baseline("f32");
    for (auto& planned : rows) {
      Result& row = planned.row;
      if (!row.measured()) continue;
      if (bf16 != nullptr) row.speedup = *bf16->median_us / *row.median_us;
      // Rows of an earlier run were not sampled beside those of this one.
      const bool together = bf16 != nullptr && bf16 != &row && find_done(*bf16) == nullptr && find_done(row) == nullptr;
      if (together) row.speedup_noise_pct = paired_noise_pct(bf16->samples_us, row.samples_us);
      if (f32 != nullptr) row.speedup_f32 = *f32->median_us / *row.median_us;
    }
  }

  void note_cache(Result& row) const {
    if (!row.measured() || row.cache != CacheState::cold || row.working_set_bytes > 2 * testbed_->cache_bytes()) return;
    add_message(row, "not cold: the operands it rotates over are less than twice the last-level cache");
  }

  const Result* find_done(const Result& row) const {
    for (const auto& done : run_.done) {
      // A row that failed, ran out of memory or was skipped is tried again.
      // So is one that a GPU was to sample on when the run ended.
      const bool open = testbed_->kind() == DeviceKind::cuda && done.samples < options_.min_samples;
      const bool final =
          (done.measured() && !open) || done.outcome == Outcome::unsupported || done.outcome == Outcome::incorrect;
      if (final && same_case(done, row)) return &done;
    }
    return nullptr;
  }

  bool stopped() const { return run_.stop != nullptr && run_.stop->load(); }

  void report_progress(const ResultSet& results, const SweepPlan& estimate, double seconds_left) const {
    if (run_.observer == nullptr) return;
    const auto measured = static_cast<std::int64_t>(results.rows.size());
    run_.observer->progress(measured - testbed_->open_rows(), estimate.rows, seconds_left);
  }

  const SweepOptions& options_;
  const SweepRun& run_;
  std::unique_ptr<Testbed> testbed_;
  std::string note_;
  std::vector<std::unique_ptr<Engine>> externals_;
  std::vector<Point> points_;
  std::vector<FinishedPoint> finished_;
  std::optional<StoredOperands> stored_;
};

}  // namespace

SweepPlan plan_sweep(const SweepOptions& options, const std::vector<std::shared_ptr<const ExternalEngine>>& externals) {
  SweepRun run;
  run.externals = externals;
  return Sweep(options, run).plan();
}

ResultSet run_sweep(const SweepOptions& options, const SweepRun& run) { return Sweep(options, run).measure(); }

}  // namespace qgemm
