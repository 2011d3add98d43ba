#include "testbed/cuda/cuda_testbed.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <new>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "cuda/cuda_error.hpp"
#include "cuda/gpu_watch.hpp"
#include "cuda/stream.hpp"
#include "cuda/upload.hpp"
#include "engine/cuda/trial_calls.hpp"
#include "engines/cuda_engine_list.hpp"
#include "engines/external/cuda/external_cuda_engine.hpp"
#include "limits/cuda/device_limits.hpp"
#include "operands/cuda/device_operands.hpp"
#include "qgemm/error.hpp"
#include "testbed/cuda/kept_points.hpp"
#include "testbed/cuda/measure_on_device.hpp"
#include "testbed/cuda/sampled_operands.hpp"
#include "testbed/memory_plan.hpp"
#include "testbed/operand_forms.hpp"
#include "testbed/roofline.hpp"
#include "testbed/row_outcome.hpp"
#include "testbed/stored_operands.hpp"
#include "timing/cuda/launch_time.hpp"

namespace qgemm::cuda {
namespace {

/// Rounds of the first visit of a point that is kept: what a run that is killed later has of it. Fewer than a row needs
/// (see `Sweep::find_done`).
int first_rounds(const SweepOptions& options) { return std::clamp(options.min_samples - 1, 1, 2); }

class CudaTestbed final : public Testbed {
 public:
  CudaTestbed(const SweepOptions& options, const Device& device)
      : options_(options),
        device_(device),
        engines_(make_engines(device, options.kernel)),
        watch_(device.pci_bus_id),
        kept_(options, watch_) {
    if (!options.weights.empty()) stored_.emplace(options);
  }

  DeviceKind kind() const override { return DeviceKind::cuda; }
  PlanDevice plan_device() const override {
    std::vector<std::string> names;
    for (const auto& engine : engines_) names.emplace_back(engine->name());
    const GemmSpec fp8{{64, 64, 64}, parse_provider("fp8-channel-w-token-a"), false};
    const bool has_fp8 =
        std::any_of(engines_.begin(), engines_.end(), [&](const auto& engine) { return engine->supports(fp8).ok; });
    return cuda_plan_device(names, has_fp8);
  }
  std::vector<const Engine*> engines() const override {
    std::vector<const Engine*> out;
    for (const auto& engine : engines_) out.push_back(engine.get());
    return out;
  }
  std::unique_ptr<Engine> host(std::shared_ptr<const ExternalEngine> external) const override {
    return make_external(std::move(external), device_);
  }
  DeviceInfo describe() const override {
    DeviceInfo info = cuda::describe(device_);
    if (const auto monitor = GpuMonitor::open(device_.pci_bus_id)) {
      if (const auto mhz = monitor->max_sm_mhz()) info.properties.emplace_back("max_sm_mhz", *mhz);
      if (const auto mhz = monitor->memory_mhz()) info.properties.emplace_back("memory_mhz", *mhz);
      if (const auto watt = monitor->power_limit_w()) info.properties.emplace_back("power_limit_w", *watt);
    }
    if (const auto driver = driver_version()) info.properties.emplace_back("driver", *driver);
    return info;
  }
  std::vector<Limit> limits() const override { return measure_limits(device_); }
  /// In a process that has measured them products that fit the L2 are 5 to 10 % slower, at the same clock
  /// (docs/measurements/trust.md): rows would depend on whether limits were kept from an earlier run.
  bool limits_last() const override { return true; }

  std::int64_t cache_bytes() const override { return device_.l2_bytes; }

  int hot_sets(std::int64_t set_bytes) const override { return cuda::hot_sets(set_bytes, cache_bytes()); }

  /// What is free on the device less a reserve for the libraries' own, or what the user allows where that is less.
  std::int64_t memory_budget() const override {
    const std::int64_t free = free_memory_bytes();
    const std::int64_t usable = free - std::max<std::int64_t>(free / 20, std::int64_t{256} << 20U);
    if (options_.max_memory <= 0) return usable;
    return std::min(usable, static_cast<std::int64_t>(options_.max_memory * (1 << 30)) - kept_.bytes());
  }

  /// By what an H100 does: a third of its memory's speed and of its arithmetic, and what preparing and checking takes.
  double row_seconds(const GemmSpec& spec, const Engine&) const override {
    const double call = std::max(spec.shape.flops() / 3e14, static_cast<double>(moved_bytes(spec)) / 1e12) + 5e-6;
    const double time = options_.max_time > 0 ? options_.max_time : default_row_seconds;
    return std::max(time, 5 * call) + 20 * call + 0.01;
  }

  std::vector<OperandFacts> operands(const Point& point, const std::vector<Scheme>& schemes) override {
    const auto forms = operand_forms(schemes);
    if (forms_bytes(point.shape, forms) + extra_bytes(point) > memory_budget()) return {};
    try {
      prepare_layer(point);
      const DeviceMatrix activations = make_activations(point).values;
      std::vector<OperandFacts> facts;
      for (const auto& form : forms) {
        const Matrix codes = form.weights
                                 ? sampled_weights(form.scheme, *weights_)
                                 : sampled_activations(form.scheme, activations.view(), scale_source(), stream_.get());
        const std::string random = data_of(options_);
        const std::string origin = stored_ ? stored_->origin(form.weights, random) : random;
        facts.push_back(facts_of(form, origin, code_statistics(codes.view())));
      }
      return facts;
    } catch (const DeviceLost& error) {
      lost_ = error.what();
      return {};
    } catch (const std::bad_alloc&) {
      return {};
    } catch (
        const Error&) {  // a run that says less of its operands is no worse for it; what is wrong shows in its rows
      return {};
    }
  }

  void measure(const Point& point, std::vector<PlannedRow>& rows, const std::atomic<bool>* stop) override {
    if (!lost_.empty()) return skip(rows);
    try {
      const auto budget = [&] { return memory_budget() + held_bytes(point) - extra_bytes(point); };
      if (!kept_.empty() && point_bytes(point.shape, rows) > budget()) {
        while (refine(1, stop) > 0) continue;
      }
      const auto groups = group_by_memory(point.shape, rows, budget());
      if (groups.empty()) return;
      prepare_layer(point);
      measure_groups(point, groups, stop);
    } catch (const std::bad_alloc&) {
      fail_unmeasured(rows, "the system refused an allocation");
    } catch (const OutOfMemory& error) {
      fail_unmeasured(rows, error.what());
    } catch (const InvalidInput& error) {
      fail_unmeasured(rows, error.what(), Outcome::failed);
    } catch (const DeviceLost& error) {
      lost_ = error.what();
      rows.front().row.outcome = Outcome::failed;
      rows.front().row.message = error.what();
    }
    if (!lost_.empty()) skip(rows);
  }

  std::int64_t open_rows() const override { return kept_.rows(); }
  double refine(double seconds, const std::atomic<bool>* stop) override {
    const double left = kept_.refine(seconds, stop, launch_us_.value_or(0));
    loaded_until_ = GpuLog::Clock::now();
    if (!kept_.lost().empty()) lost_ = kept_.lost();
    return left;
  }
  std::vector<PlannedRow> take_refined() override { return kept_.take(); }

 private:
  void skip(std::vector<PlannedRow>& rows) const {
    for (auto& planned : rows) {
      if (planned.row.outcome == Outcome::skipped) planned.row.message = "the GPU failed before this row: " + lost_;
    }
  }

  void measure_groups(const Point& point, const std::vector<std::vector<PlannedRow*>>& groups,
                      const std::atomic<bool>* stop) {
    const Shape& shape = point.shape;
    const auto& [m, n, k] = shape;
    const auto seed = [&](SeedOf purpose, std::int64_t r, std::int64_t c) {
      return operand_seed(options_.seed, purpose, r, c);
    };
    const DataKind kind = parse_data_kind(data_of(options_));
    const cudaStream_t stream = stream_.get();
    const auto sample_seed = seed(SeedOf::sample, m, n);
    const Sample sample = stored_ ? choose_sample(shape, sample_seed, model_sample) : choose_sample(shape, sample_seed);
    const std::mt19937_64 order(seed(SeedOf::order, m * n, k));
    for (auto group : groups) {
      if (!lost_.empty()) return;
      if (!kept_uses_weights()) weights_->drop_copies();
      auto held = std::make_unique<HeldPoint>();
      for (const PlannedRow* planned : group) held->rows.push_back(*planned);
      if (options_.bias) held->bias = random_bias(n, kind, options_.output, seed(SeedOf::bias, 1, n), stream);
      auto &activations = held->activations, &activations_f32 = held->activations_f32;
      int sets = 1, sets_f32 = 0;
      for (const PlannedRow* planned : group) {
        int& count = planned->c.spec.scheme.activation == DType::f32 ? sets_f32 : sets;
        count = std::max(count, planned->sets);
      }
      auto [made, tokens] = make_activations(point);
      activations.push_back(std::move(made));
      for (int set = 1; set < sets; ++set) {
        activations.emplace_back(DType::bf16, m, k);
        copy_on_device(activations.front().view(), activations.back().view(), stream);
      }
      for (int set = 0; set < sets_f32; ++set) {
        activations_f32.emplace_back(DType::f32, m, k);
        enqueue_convert(activations.front().view(), activations_f32.back().view(), stream);
      }
      PointInputs& inputs = held->inputs;
      inputs.weights = weights_;
      for (const auto& matrix : activations) inputs.activations.push_back(matrix.view());
      for (const auto& matrix : activations_f32) inputs.activations_f32.push_back(matrix.view());
      inputs.bias = options_.bias ? held->bias.as<const float>() : nullptr;
      const auto truth =
          sampled_product(inputs.activations.front(), weights_->original().view(), inputs.bias, sample, stream);
      inputs.truth = &truth;
      inputs.sample = &sample;
      inputs.proofs = &*proofs_;
      if (!launch_us_) launch_us_ = launch_us(stream);
      inputs.launch_us = *launch_us_;
      held->contest = std::make_unique<Contest>(options_, order, stop, stream);
      if (load_of(held->rows) == 0) wait_for_clock();
      for (PlannedRow& planned : held->rows) {
        if (held->contest->going()) held->contest->enter(planned, inputs);
      }
      inputs.truth = nullptr, inputs.sample = nullptr, inputs.proofs = nullptr;
      held->tokens = tokens;
      measure_held(std::move(held), group, groups.size() == 1);
    }
  }

  static int load_of(const std::vector<PlannedRow>& rows) {
    double most = 0;
    for (const PlannedRow& planned : rows) most = std::max(most, operations_per_byte(planned.c.spec));
    return expected_load(most);
  }

  /// The GPU keeps the clock of a load for a tenth of a second. Which kernel is the fastest of those that are tried for
  /// small products depends on the clock: they are tried at the one that they are sampled at.
  void wait_for_clock() const {
    constexpr std::chrono::milliseconds lasting(100);
    std::this_thread::sleep_until(loaded_until_ + lasting);
  }

  /// Samples what has been prepared: to its end, or once, and keeps it. `alone`: no other group of the point waits for
  /// its memory.
  void measure_held(std::unique_ptr<HeldPoint> held, const std::vector<PlannedRow*>& group, bool alone) {
    Contest& contest = *held->contest;
    Measured measured;
    const bool reference = options_.timer == "reference";
    if (!reference) contest.warm_up();
    const bool keep = !reference && alone && contest.load() > 0 && contest.going();
    if (keep) {
      measured.started = GpuLog::Clock::now();
      contest.visit(first_rounds(options_));
      contest.conclude(*launch_us_);
      measured.lost = contest.lost();
    } else {
      measured = measure_to_the_end(contest, options_, *launch_us_);
    }
    lost_ = measured.lost;
    const auto now = GpuLog::Clock::now();
    held->note(watch_.between(measured.started, now));
    if (contest.load() > 0) loaded_until_ = now;
    for (std::size_t i = 0; i < group.size(); ++i) {
      Result& row = held->rows[i].row;
      if (keep && row.measured()) {
        row.outcome = Outcome::noisy;
        add_message(row, "of a first visit alone: the run ended before it was sampled on");
      }
      group[i]->row = row;
    }
    held->bytes = point_bytes(group.front()->row.shape, held->rows);
    if (keep && contest.going()) kept_.add(std::move(held));
  }

  /// The weights of the last point serve the next one of the same size: all batch sizes of a layer, equal layers. Of a
  /// checkpoint, layers of one size differ.
  void prepare_layer(const Point& point) {
    const Shape& shape = point.shape;
    if (same_layer(point)) return;
    proofs_.reset();
    weights_.reset();
    weights_ = stored_ ? stored_weights(point) : made_weights(shape);
    weights_of_ = {point.layer, point.tp};
    proofs_.emplace(operand_seed(options_.seed, SeedOf::proofs, shape.n, shape.k));
  }

  std::shared_ptr<DeviceWeights> made_weights(const Shape& shape) const {
    return std::make_shared<DeviceWeights>(
        random_weights(shape.n, shape.k, parse_data_kind(data_of(options_)),
                       operand_seed(options_.seed, SeedOf::weights, shape.n, shape.k), stream_.get()),
        scale_source(), stream_.get());
  }

  /// The host's copy of the layer is gone once it is on the device.
  std::shared_ptr<DeviceWeights> stored_weights(const Point& point) const {
    const LayerWeight read = stored_->weight(point);
    DeviceMatrix original = uploaded(read.original.view());
    if (!read.quantized) return std::make_shared<DeviceWeights>(std::move(original), scale_source(), stream_.get());
    return std::make_shared<DeviceWeights>(std::move(original), scale_source(), upload_weights(*read.quantized),
                                           stream_.get());
  }
  std::int64_t extra_bytes(const Point& point) const { return stored_ ? stored_->extra_bytes(point) : 0; }

  /// A[M,K], and how many of its tokens are there before they come again.
  struct Activations {
    DeviceMatrix values;
    std::int64_t tokens = 0;
  };
  Activations make_activations(const Point& point) const {
    if (const auto recorded = stored_ ? stored_->activations(point) : std::nullopt) {
      return {uploaded(recorded->values.view()), recorded->tokens};
    }
    const auto& [m, n, k] = point.shape;
    const auto seed = operand_seed(options_.seed, SeedOf::activations, m, k);
    return {random_activations(m, k, parse_data_kind(data_of(options_)), seed, stream_.get()), m};
  }

  ScaleSource scale_source() const {
    return options_.scales == "constant" ? ScaleSource::constant : ScaleSource::absmax;
  }

  bool same_layer(const Point& point) const {
    const bool same = weights_ && weights_->n() == point.shape.n && weights_->k() == point.shape.k;
    return same && (!stored_ || weights_of_ == std::pair(point.layer, point.tp));
  }
  bool kept_uses_weights() const { return weights_.use_count() > 1; }

  /// Of the memory in use, what a point either uses again or gives back first.
  std::int64_t held_bytes(const Point& point) const {
    return weights_ && (same_layer(point) || !kept_uses_weights()) ? weights_->held_bytes() : 0;
  }

  const SweepOptions& options_;
  Device device_;
  std::vector<std::unique_ptr<CudaEngine>> engines_;
  Stream stream_;
  GpuWatch watch_;
  std::shared_ptr<DeviceWeights> weights_;
  std::optional<DeviceProofs> proofs_;
  std::optional<StoredOperands> stored_;
  std::pair<std::string, std::int64_t> weights_of_;  ///< The layer whose weights these are, and its TP.
  std::optional<double> launch_us_;
  GpuLog::Clock::time_point loaded_until_{};  ///< When the last rows were sampled that bring down the clock.
  KeptPoints kept_;                           ///< After what its points use.
  std::string lost_;
};

}  // namespace

std::unique_ptr<Testbed> make_testbed(const SweepOptions& options, const Device& device) {
  return std::make_unique<CudaTestbed>(options, device);
}

}  // namespace qgemm::cuda
