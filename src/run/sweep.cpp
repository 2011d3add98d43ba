#include "qgemm/sweep.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>

#include "device/cpu_info.hpp"
#include "device/thread_team.hpp"
#include "engines/engine_list.hpp"
#include "plan/plan.hpp"
#include "qgemm/error.hpp"
#include "run/describe_run.hpp"
#include "run/estimate.hpp"
#include "run/measure_point.hpp"
#include "run/memory_plan.hpp"
#include "run/random_operands.hpp"
#include "run/roofline.hpp"
#include "timing/cpu_timer.hpp"

namespace qgemm {
namespace {

void require_cpu(const std::string& device) {
  if (device == "auto" || device == "cpu") return;
  if (device == "cuda" || device.starts_with("cuda:")) {
    throw Unavailable("--device " + device + " cannot be used: this build has no CUDA engines; use --device cpu");
  }
  throw InvalidInput("--device is '" + device.substr(0, 64) + "': use auto or cpu");
}

std::vector<std::string> names_of(const std::vector<std::unique_ptr<Engine>>& engines) {
  std::vector<std::string> names;
  for (const auto& engine : engines) names.emplace_back(engine->name());
  return names;
}

/// A seed for operands that depends on the user's seed and their own size alone, so that a row measured by itself
/// multiplies the same numbers.
std::uint64_t operand_seed(std::uint64_t seed, std::uint64_t kind, std::int64_t rows, std::int64_t cols) {
  std::uint64_t mixed = seed;
  for (const std::uint64_t part : {kind, static_cast<std::uint64_t>(rows), static_cast<std::uint64_t>(cols)}) {
    mixed = (mixed ^ part) * 0x9e3779b97f4a7c15U;
    mixed ^= mixed >> 29U;
  }
  return mixed;
}

class Sweep {
 public:
  Sweep(const SweepOptions& options, const SweepRun& run) : options_(options), run_(run) {
    check(options);
    require_cpu(options.device);
    threads_ = pin_thread_team(options.threads);
    engines_ = make_engines();
    points_ = plan_points(options, cpu_plan_device(names_of(engines_)));
  }

  SweepPlan plan() {
    SweepPlan out;
    out.available_memory_bytes = memory_budget(options_.max_memory);
    for (const Point& point : points_) {
      const auto rows = planned_rows(point);
      SweepPlan::Point planned{point.model, point.layer, point.tp, point.shape, point.cache, {}, 0, 0};
      planned.memory_bytes = point_bytes(point.shape, rows);
      for (const auto& row : rows) {
        const std::string engine = row.engine != nullptr ? std::string(row.engine->name()) : "unsupported";
        planned.providers.push_back(row.c.provider + "/" + engine);
        if (row.engine != nullptr) planned.seconds += estimated_row_seconds(row.c.spec, engine, threads_, options_);
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
      // What is left takes as much longer than its estimate as what is done did.
      estimated_done += estimate.points[i].seconds;
      const double pace = (now_seconds() - started) / std::max(estimated_done, 1e-9);
      report_progress(results, estimate, std::max(0.0, estimate.seconds - estimated_done) * pace);
    }
    return results;
  }

 private:
  Context context() const {
    if (run_.context != nullptr) return *run_.context;
    return describe_run(options_, run_.command, engines_, threads_);
  }

  /// The first engine that runs the case: of all for `auto` (the reference only where nothing else does), else the
  /// named.
  const Engine* resolve(const Case& c, std::string& reason) const {
    for (const auto& engine : engines_) {
      if (c.engine != "auto" && c.engine != engine->name()) continue;
      const Support support = engine->supports(c.spec);
      if (support.ok) return engine.get();
      reason = support.reason;
    }
    return nullptr;
  }

  std::vector<PlannedRow> planned_rows(const Point& point) const {
    std::vector<PlannedRow> rows;
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
        planned.weight_sets = weight_sets(c.cache, planned.engine->packed_weight_bytes(c.spec), cache_bytes());
      }
      planned.row.repro = repro_command(c, planned.row.engine == "none" ? "auto" : planned.row.engine, options_);
      // `auto` beside the same engine's own name would measure it twice.
      const bool twice =
          std::any_of(rows.begin(), rows.end(), [&](const auto& other) { return same_case(other.row, planned.row); });
      if (!twice) rows.push_back(std::move(planned));
    }
    return rows;
  }

  /// All last-level caches together: a team on several of them keeps a part of the weights in each.
  static std::int64_t cache_bytes() { return total_last_level_bytes(); }

  void measure_point(const Point& point, ResultSet& results) {
    std::vector<PlannedRow> rows = planned_rows(point);
    std::vector<PlannedRow> missing;
    for (const auto& planned : rows) {
      if (find_done(planned.row) == nullptr && planned.engine != nullptr) missing.push_back(planned);
    }
    if (!missing.empty() && !stopped()) measure_rows(point, missing);

    for (auto& planned : rows) {
      const Result* done = find_done(planned.row);
      for (const auto& measured : missing) {
        if (same_case(measured.row, planned.row)) planned.row = measured.row;
      }
      if (done != nullptr) planned.row = *done;
      if (planned.row.outcome == Outcome::skipped) planned.row.message = "the sweep was stopped before this row";
    }
    add_speedups(rows);
    for (auto& planned : rows) {
      if (find_done(planned.row) == nullptr) {
        apply_roofline(planned.row, planned.c.spec, results.context, cache_bytes());
        note_cache(planned.row);
        if (run_.observer != nullptr && planned.row.outcome != Outcome::skipped) run_.observer->finished(planned.row);
      }
      results.rows.push_back(planned.row);
    }
  }

  void measure_rows(const Point& point, std::vector<PlannedRow>& rows) {
    const std::int64_t budget = memory_budget(options_.max_memory) + held_bytes();
    const auto groups = group_by_memory(point.shape, rows, budget);
    if (groups.empty()) return;
    try {
      prepare_layer(point.shape);
      const auto& [m, n, k] = point.shape;
      const DataKind kind = parse_data_kind(options_.data);
      const Matrix activations = random_activations(m, k, kind, operand_seed(options_.seed, 1, m, k));
      Matrix activations_f32;
      const bool f32 =
          std::any_of(rows.begin(), rows.end(), [](const auto& r) { return r.c.spec.scheme.activation == DType::f32; });
      if (f32) activations_f32 = widened(activations);
      const Sample sample = choose_sample(point.shape, operand_seed(options_.seed, 3, m, n));
      PointInputs inputs;
      inputs.weights = weights_;
      inputs.activations = activations.view();
      inputs.activations_f32 = std::as_const(activations_f32).view();
      if (options_.bias) inputs.bias = random_bias(n, kind, options_.output, operand_seed(options_.seed, 2, 1, n));
      const auto truth = float_truth(inputs.activations, weights_->original().view(), inputs.bias, sample);
      inputs.truth = &truth;
      inputs.sample = &sample;
      inputs.proofs = &*proofs_;
      std::mt19937_64 order(operand_seed(options_.seed, 4, m * n, k));
      for (auto group : groups) {
        if (groups.size() > 1) weights_->drop_packed();
        measure_together(group, inputs, options_, order, run_.stop);
      }
    } catch (const std::bad_alloc&) {
      fail_unmeasured(rows, "the system refused an allocation");
    } catch (const OutOfMemory& error) {
      fail_unmeasured(rows, error.what());
    }
  }

  static void fail_unmeasured(std::vector<PlannedRow>& rows, const std::string& why) {
    for (auto& planned : rows) {
      if (planned.row.outcome == Outcome::skipped)
        planned.row.outcome = Outcome::out_of_memory, planned.row.message = why;
    }
  }

  /// The weights of the last point serve the next one of the same size: all batch sizes of a layer, equal layers.
  void prepare_layer(const Shape& shape) {
    if (weights_ && weights_->n() == shape.n && weights_->k() == shape.k) return;
    weights_.reset();
    proofs_.reset();
    const auto source = options_.scales == "constant" ? ScaleSource::constant : ScaleSource::absmax;
    weights_ = std::make_shared<LayerWeights>(random_weights(shape.n, shape.k, parse_data_kind(options_.data),
                                                             operand_seed(options_.seed, 0, shape.n, shape.k)),
                                              source);
    proofs_.emplace(operand_seed(options_.seed, 5, shape.n, shape.k));
  }

  /// Of the memory in use, what the next point either uses again or gives back first.
  std::int64_t held_bytes() const { return weights_ ? 2 * weights_->n() * weights_->k() : 0; }

  static Matrix widened(const Matrix& bf16) {
    Matrix out(DType::f32, bf16.rows(), bf16.cols());
    for (std::int64_t i = 0; i < bf16.rows() * bf16.cols(); ++i)
      out.row<float>(0)[i] = to_float(bf16.row<BFloat16>(0)[i]);
    return out;
  }

  /// Against the baselines of the same point; where several engines ran one, against the fastest.
  static void add_speedups(std::vector<PlannedRow>& rows) {
    const auto baseline = [&](const char* provider) {
      std::optional<double> best;
      for (const auto& planned : rows) {
        const auto& median = planned.row.median_us;
        if (planned.row.provider == provider && median && (!best || *median < *best)) best = median;
      }
      return best;
    };
    const auto bf16 = baseline("bf16"), f32 = baseline("f32");
    for (auto& planned : rows) {
      if (!planned.row.measured()) continue;
      if (bf16) planned.row.speedup = *bf16 / *planned.row.median_us;
      if (f32) planned.row.speedup_f32 = *f32 / *planned.row.median_us;
    }
  }

  static void note_cache(Result& row) {
    if (!row.measured() || row.cache != CacheState::cold || row.working_set_bytes > 2 * cache_bytes()) return;
    row.message +=
        std::string(row.message.empty() ? "" : "; ") + "not cold: the rotated weights fit twice the last-level cache";
  }

  const Result* find_done(const Result& row) const {
    for (const auto& done : run_.done) {
      // A row that failed, ran out of memory or was skipped is tried again.
      const bool final = done.measured() || done.outcome == Outcome::unsupported || done.outcome == Outcome::incorrect;
      if (final && same_case(done, row)) return &done;
    }
    return nullptr;
  }

  bool stopped() const { return run_.stop != nullptr && run_.stop->load(); }

  void report_progress(const ResultSet& results, const SweepPlan& estimate, double seconds_left) const {
    if (run_.observer == nullptr) return;
    run_.observer->progress(static_cast<std::int64_t>(results.rows.size()), estimate.rows, seconds_left);
  }

  const SweepOptions& options_;
  const SweepRun& run_;
  int threads_ = 0;
  std::vector<std::unique_ptr<Engine>> engines_;
  std::vector<Point> points_;
  std::shared_ptr<LayerWeights> weights_;
  std::optional<LayerProofs> proofs_;
};

}  // namespace

SweepPlan plan_sweep(const SweepOptions& options) { return Sweep(options, {}).plan(); }

ResultSet run_sweep(const SweepOptions& options, const SweepRun& run) { return Sweep(options, run).measure(); }

}  // namespace qgemm
