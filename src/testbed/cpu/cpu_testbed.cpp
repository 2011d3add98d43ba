#include "testbed/cpu/cpu_testbed.hpp"

#include <algorithm>
#include <cstdint>
#include <new>
#include <optional>
#include <random>
#include <string>
#include <utility>

#include "device/cpu_info.hpp"
#include "device/thread_cpus.hpp"
#include "device/thread_team.hpp"
#include "engines/engine_list.hpp"
#include "engines/external/external_engine.hpp"
#include "operands/random_operands.hpp"
#include "qgemm/error.hpp"
#include "qgemm/limits.hpp"
#include "quantize/activations.hpp"
#include "testbed/cpu/cpu_estimate.hpp"
#include "testbed/cpu/measure_point.hpp"
#include "testbed/memory_plan.hpp"
#include "testbed/operand_forms.hpp"
#include "testbed/row_outcome.hpp"
#include "testbed/stored_operands.hpp"

namespace qgemm {
namespace {

Matrix widened(const Matrix& bf16) {
  Matrix out(DType::f32, bf16.rows(), bf16.cols());
  for (std::int64_t i = 0; i < bf16.rows() * bf16.cols(); ++i) {
    out.row<float>(0)[i] = to_float(bf16.row<BFloat16>(0)[i]);
  }
  return out;
}

class CpuTestbed final : public Testbed {
 public:
  explicit CpuTestbed(const SweepOptions& options)
      : options_(options), threads_(pin_thread_team(options.threads)), engines_(make_engines()) {
    if (!options.weights.empty()) stored_.emplace(options);
  }

  DeviceKind kind() const override { return DeviceKind::cpu; }
  PlanDevice plan_device() const override {
    std::vector<std::string> names;
    for (const auto& engine : engines_) names.emplace_back(engine->name());
    return cpu_plan_device(names);
  }
  std::vector<const Engine*> engines() const override {
    std::vector<const Engine*> out;
    for (const auto& engine : engines_) out.push_back(engine.get());
    return out;
  }
  std::unique_ptr<Engine> host(std::shared_ptr<const ExternalEngine> external) const override {
    return make_external(std::move(external), threads_);
  }
  DeviceInfo describe() const override { return describe_cpu(threads_); }
  std::vector<Limit> limits() const override { return measure_limits(threads_, 2.0); }

  /// All last-level caches together: a team on several of them keeps a part of the weights in each.
  std::int64_t cache_bytes() const override { return total_last_level_bytes(); }

  std::int64_t memory_budget() const override { return cpu_memory_budget(options_.max_memory); }

  double row_seconds(const GemmSpec& spec, const Engine& engine) const override {
    const double call = estimated_call_seconds(spec, std::string(engine.name()), threads_);
    const double check = 10e-9 * static_cast<double>(spec.shape.m * spec.shape.n) + 0.02;
    const double time = options_.max_time > 0 ? options_.max_time : default_row_seconds;
    return std::max(time, call * options_.min_samples) + 3 * call + check;
  }

  std::vector<OperandFacts> operands(const Point& point, const std::vector<Scheme>& schemes) override {
    const auto forms = operand_forms(schemes);
    if (forms_bytes(point.shape, forms) + extra_bytes(point) > memory_budget()) return {};
    try {
      prepare_layer(point);
      return facts_of_forms(point, forms);
    } catch (const std::bad_alloc&) {
      return {};
    } catch (const Error&) {  // what is wrong shows in the rows
      return {};
    }
  }

  void measure(const Point& point, std::vector<PlannedRow>& rows, const std::atomic<bool>* stop) override {
    const auto groups = group_by_memory(point.shape, rows, memory_budget() + held_bytes() - extra_bytes(point));
    if (groups.empty()) return;
    try {
      prepare_layer(point);
      measure_groups(point, groups, rows, stop);
    } catch (const std::bad_alloc&) {
      fail_unmeasured(rows, "the system refused an allocation");
    } catch (const OutOfMemory& error) {
      fail_unmeasured(rows, error.what());
    } catch (const InvalidInput& error) {
      fail_unmeasured(rows, error.what(), Outcome::failed);
    }
  }

 private:
  void measure_groups(const Point& point, const std::vector<std::vector<PlannedRow*>>& groups,
                      const std::vector<PlannedRow>& rows, const std::atomic<bool>* stop) {
    const Shape& shape = point.shape;
    const auto& [m, n, k] = shape;
    const auto seed = [&](SeedOf purpose, std::int64_t r, std::int64_t c) {
      return operand_seed(options_.seed, purpose, r, c);
    };
    const DataKind kind = parse_data_kind(data_of(options_));
    const auto [activations, tokens] = make_activations(point);
    Matrix activations_f32;
    const bool f32 =
        std::any_of(rows.begin(), rows.end(), [](const auto& r) { return r.c.spec.scheme.activation == DType::f32; });
    if (f32) activations_f32 = widened(activations);
    const auto sample_seed = seed(SeedOf::sample, m, n);
    const Sample sample = stored_ ? choose_sample(shape, sample_seed, model_sample) : choose_sample(shape, sample_seed);
    PointInputs inputs;
    inputs.weights = weights_;
    inputs.activations = activations.view();
    inputs.activations_f32 = std::as_const(activations_f32).view();
    if (options_.bias) inputs.bias = random_bias(n, kind, options_.output, seed(SeedOf::bias, 1, n));
    const auto truth = float_truth(inputs.activations, weights_->original().view(), inputs.bias, sample);
    inputs.truth = &truth;
    inputs.sample = &sample;
    inputs.proofs = &*proofs_;
    std::mt19937_64 order(seed(SeedOf::order, m * n, k));
    for (auto group : groups) {
      if (groups.size() > 1) weights_->drop_packed();
      measure_together(group, inputs, options_, order, stop);
      note_repeated_tokens(group, tokens, m);
    }
  }

  StoredActivations make_activations(const Point& point) const {
    if (auto recorded = stored_ ? stored_->activations(point) : std::nullopt) return std::move(*recorded);
    const auto& [m, n, k] = point.shape;
    const auto seed = operand_seed(options_.seed, SeedOf::activations, m, k);
    return {random_activations(m, k, parse_data_kind(data_of(options_)), seed), m};
  }

  /// Where an operand comes from, for the reader.
  std::string origin(const OperandForm& form) const {
    return stored_ ? stored_->origin(form.weights, data_of(options_)) : data_of(options_);
  }

  std::vector<OperandFacts> facts_of_forms(const Point& point, const std::vector<OperandForm>& forms) const {
    const Shape& shape = point.shape;
    const Matrix activations = make_activations(point).values;
    std::vector<OperandFacts> facts;
    for (const auto& form : forms) {
      const Scheme& scheme = form.scheme;
      CodeStatistics codes;
      if (!scheme.quantized()) {
        codes = code_statistics(sampled_rows(form.weights ? weights_->original().view() : activations.view()));
      } else if (form.weights) {
        codes = code_statistics(sampled_rows(weights_->quantized(scheme.weight_scale).values.view()));
      } else {
        std::optional<StaticScale> given;
        if (needs_static_scale(scheme)) given = calibrate(scheme, activations.view(), weights_->scale_source());
        auto quantized = allocate_activations(scheme, shape.m, shape.k, Int8Form::s8);
        quantize_activations(scheme, given, activations.view(), quantized);
        codes = code_statistics(sampled_rows(std::as_const(quantized.values).view()));
      }
      facts.push_back(facts_of(form, origin(form), codes));
    }
    return facts;
  }

  /// The weights of the last point serve the next one of the same size: all batch sizes of a layer, equal layers. Of a
  /// checkpoint, layers of one size differ.
  void prepare_layer(const Point& point) {
    const Shape& shape = point.shape;
    const bool same = weights_ && weights_->n() == shape.n && weights_->k() == shape.k;
    if (same && (!stored_ || (weights_of_ == std::pair(point.layer, point.tp)))) return;
    weights_.reset();
    proofs_.reset();
    const auto source = options_.scales == "constant" ? ScaleSource::constant : ScaleSource::absmax;
    if (stored_) {
      weights_ = stored_weights(point, source);
      weights_of_ = {point.layer, point.tp};
      proofs_.emplace(operand_seed(options_.seed, SeedOf::proofs, shape.n, shape.k));
      return;
    }
    weights_ =
        std::make_shared<LayerWeights>(random_weights(shape.n, shape.k, parse_data_kind(data_of(options_)),
                                                      operand_seed(options_.seed, SeedOf::weights, shape.n, shape.k)),
                                       source);
    proofs_.emplace(operand_seed(options_.seed, SeedOf::proofs, shape.n, shape.k));
  }

  std::shared_ptr<LayerWeights> stored_weights(const Point& point, ScaleSource source) const {
    LayerWeight read = stored_->weight(point);
    if (!read.quantized || read.quantized->values.dtype() != DType::s8) {
      return std::make_shared<LayerWeights>(std::move(read.original), source);
    }
    return std::make_shared<LayerWeights>(std::move(read.original), source, std::move(*read.quantized));
  }
  std::int64_t extra_bytes(const Point& point) const { return stored_ ? stored_->extra_bytes(point) : 0; }

  /// Of the memory in use, what the next point either uses again or gives back first.
  std::int64_t held_bytes() const { return weights_ ? 2 * weights_->n() * weights_->k() : 0; }

  const SweepOptions& options_;
  KeepThreadCpus callers_cpus_;  // before the team is pinned
  int threads_;
  std::vector<std::unique_ptr<HostEngine>> engines_;
  std::shared_ptr<LayerWeights> weights_;
  std::optional<LayerProofs> proofs_;
  std::optional<StoredOperands> stored_;
  std::pair<std::string, std::int64_t>
      weights_of_;  ///< Of a checkpoint: the layer whose weights these are, and its TP.
};

}  // namespace

std::int64_t cpu_memory_budget(double max_gib) {
  const std::int64_t available = available_memory_bytes();
  // A twentieth, at least 256 MiB, stays free: page cache and other processes must not be pushed out.
  const std::int64_t usable = available - std::max<std::int64_t>(available / 20, std::int64_t{256} << 20U);
  if (max_gib <= 0) return usable;
  return std::min(usable, static_cast<std::int64_t>(max_gib * (1 << 30)));
}

std::unique_ptr<Testbed> make_cpu_testbed(const SweepOptions& options) { return std::make_unique<CpuTestbed>(options); }

}  // namespace qgemm
