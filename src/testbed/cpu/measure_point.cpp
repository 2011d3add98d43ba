#include "testbed/cpu/measure_point.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <random>

#include "device/load_watch.hpp"
#include "device/thread_cpus.hpp"
#include "device/thread_team.hpp"
#include "qgemm/error.hpp"
#include "quantize/activations.hpp"
#include "testbed/row_outcome.hpp"
#include "timing/cpu_timer.hpp"
#include "timing/stopping_rule.hpp"

namespace qgemm {
namespace {

bool stopped(const std::atomic<bool>* stop) { return stop != nullptr && stop->load(std::memory_order_relaxed); }

Operands operands_of(const PlannedRow& planned, const PointInputs& inputs, const SweepOptions& options) {
  const Scheme& scheme = planned.c.spec.scheme;
  Operands operands;
  operands.weights = inputs.weights;
  operands.activations = scheme.activation == DType::f32 ? inputs.activations_f32 : inputs.activations;
  if (planned.c.spec.bias) operands.bias = inputs.bias;
  if (needs_static_scale(scheme)) {
    const auto source = options.scales == "constant" ? ScaleSource::constant : ScaleSource::absmax;
    operands.static_scale = calibrate(scheme, operands.activations, source);
  }
  operands.weight_sets = planned.sets;
  return operands;
}

/// Seconds that an OpenMP team turns after its work before it rests, at most: 300,000 turns in GCC's library, of up to
/// 140 cycles each.
constexpr double longest_turning = 0.03;

/// A row being measured.
class Contender {
 public:
  Contender(PlannedRow& planned, const PointInputs& inputs, const SweepOptions& options)
      : planned_(planned),
        operands_(operands_of(planned, inputs, options)),
        gemm_(dynamic_cast<const HostEngine&>(*planned.engine).prepare(planned.c.spec, operands_)),
        rule_(stopping_limits(options, default_row_seconds)) {
    planned_.row.kernel = gemm_->kernel();
    planned_.row.working_set_bytes = gemm_->weight_bytes();
  }

  /// Runs once and checks the result; false where it is wrong (the row says how).
  bool check(const PointInputs& inputs) {
    gemm_->launch(0);
    const Verdict verdict = verify(*gemm_, planned_.c.spec, operands_, *inputs.sample, *inputs.truth, *inputs.proofs);
    if (!write_verdict(planned_.row, verdict)) return false;
    const ConstMatrixView d = gemm_->output();
    const auto* bytes = static_cast<const std::byte*>(d.data);
    checked_output_.assign(bytes, bytes + output_bytes());
    return true;
  }

  /// Blocks of calls until one takes as long as the one before it (page faults, caches, clocks), then a timer fitted to
  /// what a call takes.
  void warm_up() {
    constexpr double steady = 0.02;  // relative to the block before
    const double block = std::min(0.01, rule_.limits().max_seconds),
                 most = std::min(0.2, 4 * rule_.limits().max_seconds);
    double best = 1e300, mean_before = 0;
    int call = 0;
    const double started = now_seconds();
    for (;;) {
      const double block_started = now_seconds();
      int calls = 0;
      do {
        const double before = now_seconds();
        gemm_->launch(call++ % planned_.sets);
        best = std::min(best, now_seconds() - before);
      } while (++calls < 2 ? best < most : now_seconds() - block_started < block);
      const double mean = (now_seconds() - block_started) / calls;
      // A call as long as all this time was warmed by the checked one before it.
      if (best >= most || std::abs(mean - mean_before) < steady * mean || now_seconds() - started > most) break;
      mean_before = mean;
    }
    one_call_ = best;
    timer_.emplace([this](int set) { gemm_->launch(set); }, planned_.sets, planned_.c.cache == CacheState::hot, best);
  }

  /// After calls of another library, which has threads of its own: waits until those rest, and wakes ours (or ours
  /// rest, and wakes its).
  void take_over() {
    wait_for_other_threads(longest_turning);
    constexpr double long_call = 0.005;  // in which waking threads does not show
    if (one_call_ < long_call)
      gemm_->launch((timer_->last_set() + planned_.sets) % planned_.sets);  // the next set stays cold
  }

  void sample() {
    const auto sample = timer_->sample();
    rule_.add(sample.us, sample.seconds);
  }
  bool finished() const { return rule_.finished(); }
  bool opaque() const { return gemm_->opaque(); }
  Result& row() { return planned_.row; }

  /// Writes the row from the samples. The last timed call has to have given the checked result, bit for bit.
  void conclude() {
    Result& row = planned_.row;
    if (rule_.samples().empty()) return;
    if (!output_unchanged()) {
      row.outcome = Outcome::incorrect;
      row.message = "a timed call gave another result than the checked one";
      row.exact = row.exact.has_value() ? std::optional(false) : std::nullopt;
      return;
    }
    write_times(row, rule_);
  }

  /// The parts of a call that quantizes inside, each timed apart from the other: medians of a few runs.
  void split() {
    if (gemm_->opaque() || !planned_.c.spec.scheme.quantizes_inside() || !planned_.row.measured()) return;
    const double call = *planned_.row.median_us * 1e-6;
    const int runs = static_cast<int>(std::clamp(0.03 / std::max(call, 1e-9), 3.0, 25.0));
    std::vector<double> quantize, product;
    for (int i = 0; i < runs; ++i) {
      const int set = i % planned_.sets;
      const double started = now_seconds();
      gemm_->launch_quantize();
      const double between = now_seconds();
      gemm_->launch_product(set);
      const double ended = now_seconds();
      quantize.push_back((between - started) * 1e6);
      product.push_back((ended - between) * 1e6);
    }
    planned_.row.launch_us = team_start_us();
    planned_.row.quantize_us = summarize(quantize).median;
    planned_.row.gemm_us = summarize(product).median;
  }

 private:
  std::size_t output_bytes() const {
    const ConstMatrixView d = gemm_->output();
    return static_cast<std::size_t>(d.rows * d.stride) * size_of(d.dtype);
  }
  bool output_unchanged() const {
    return std::memcmp(gemm_->output().data, checked_output_.data(), checked_output_.size()) == 0;
  }

  PlannedRow& planned_;
  Operands operands_;
  std::unique_ptr<PreparedGemm> gemm_;
  StoppingRule rule_;
  std::optional<CpuTimer> timer_;
  double one_call_ = 0;
  std::vector<std::byte> checked_output_;
};

/// What the machine did meanwhile goes into every row of the point: they were measured at the same time.
void note_load(const LoadReading& load, Result& row) {
  row.clock_mhz = load.clock_mhz;
  row.temperature_c = load.temperature_c;
  std::string disturbed;
  const auto note = [&](const std::optional<double>& pct, const char* what) {
    if (!pct || *pct < 2) return;
    disturbed += (disturbed.empty() ? "" : ", ") + std::to_string(static_cast<int>(*pct + 0.5)) + " % " + what;
  };
  note(load.steal_pct, "of the time taken by the hypervisor (steal)");
  note(load.other_load_pct, "other load on these cores");
  if (row.measured()) add_message(row, disturbed);
}

/// What failed because the sweep was being stopped (Ctrl-C inside somebody else's code) is as good as not begun.
void forget_if_stopped(Result& row, const std::atomic<bool>* stop) {
  if (!stopped(stop)) return;
  row.outcome = Outcome::skipped;
  row.message.clear();
}

}  // namespace

void measure_together(std::vector<PlannedRow*>& rows, const PointInputs& inputs, const SweepOptions& options,
                      std::mt19937_64& order, const std::atomic<bool>* stop) {
  std::vector<std::unique_ptr<Contender>> contenders;
  for (PlannedRow* planned : rows) {
    if (stopped(stop)) break;
    std::unique_ptr<Contender> contender;
    const bool ready = record_failure(planned->row, [&] {
      contender = std::make_unique<Contender>(*planned, inputs, options);
      if (!contender->check(inputs)) contender.reset();
    });
    if (!ready) forget_if_stopped(planned->row, stop);
    if (ready && contender) contenders.push_back(std::move(contender));
  }

  const auto drop_failed = [&](std::unique_ptr<Contender>& contender, const std::function<void()>& work) {
    Result& row = contender->row();
    if (record_failure(row, work)) return;
    forget_if_stopped(row, stop);
    contender.reset();
  };
  const bool mixed = std::any_of(contenders.begin(), contenders.end(), [](const auto& c) { return c->opaque(); });
  for (auto& contender : contenders) {
    if (mixed) wait_for_other_threads(longest_turning);
    if (!stopped(stop)) drop_failed(contender, [&] { contender->warm_up(); });
  }
  std::erase(contenders, nullptr);

  const LoadWatch watch;
  std::vector<std::size_t> turn;
  std::optional<bool> opaque_before;
  while (!stopped(stop)) {
    turn.clear();
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      if (contenders[i] && !contenders[i]->finished()) turn.push_back(i);
    }
    if (turn.empty()) break;
    std::shuffle(turn.begin(), turn.end(), order);
    // Taking over from another library takes milliseconds: once a round, not at each turn. Who is first stays chance.
    const bool opaque_first = contenders[turn.front()]->opaque();
    if (mixed) {
      std::stable_partition(turn.begin(), turn.end(),
                            [&](std::size_t i) { return contenders[i]->opaque() == opaque_first; });
    }
    for (const std::size_t i : turn) {
      if (stopped(stop)) break;
      const bool take_over = mixed && contenders[i]->opaque() != opaque_before;
      opaque_before = contenders[i]->opaque();
      drop_failed(contenders[i], [&] {
        if (take_over) contenders[i]->take_over();
        contenders[i]->sample();
      });
    }
  }
  const LoadReading load = watch.read();
  if (mixed) wait_for_other_threads(longest_turning);
  for (auto& contender : contenders) {
    // A row that a stop cut short is `skipped`, so that a resumed run measures it whole.
    if (!contender || !contender->finished()) continue;
    contender->conclude();
    drop_failed(contender, [&] { contender->split(); });
    if (contender) note_load(load, contender->row());
  }
}

}  // namespace qgemm
