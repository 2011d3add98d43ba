#include "testbed/cuda/device_contender.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "cuda/cuda_error.hpp"
#include "cuda/device.hpp"
#include "quantize/activations.hpp"
#include "testbed/row_outcome.hpp"
#include "timing/clock_trend.hpp"

namespace qgemm::cuda {
namespace {

/// A graph of calls lasts about this long, so that what happens at its ends stays below a thousandth.
constexpr double sample_us = 1000;
/// More nodes than this take longer to instantiate than to run.
constexpr int max_calls = 256;

int calls_for(double call_us) {
  return static_cast<int>(std::clamp(sample_us / std::max(call_us, 0.1), 1.0, static_cast<double>(max_calls)));
}

StoppingRule stopping_rule(const SweepOptions& options) {
  StoppingLimits limits = stopping_limits(options, default_row_seconds);
  limits.correlated = true;
  return StoppingRule(limits);
}

DeviceOperands operands_of(const PlannedRow& planned, const PointInputs& inputs, const SweepOptions& options,
                           cudaStream_t stream) {
  const Scheme& scheme = planned.c.spec.scheme;
  const auto& all = scheme.activation == DType::f32 ? inputs.activations_f32 : inputs.activations;
  DeviceOperands operands;
  operands.weights = inputs.weights;
  operands.rotate = planned.c.cache == CacheState::cold;
  operands.activations.assign(all.begin(), all.begin() + planned.sets);
  if (planned.c.spec.bias) operands.bias = inputs.bias;
  if (needs_static_scale(scheme)) {
    const auto source = options.scales == "constant" ? ScaleSource::constant : ScaleSource::absmax;
    operands.static_scale = calibrate(scheme, operands.activations.front(), source, stream);
  }
  return operands;
}

}  // namespace

DeviceContender::DeviceContender(PlannedRow& planned, const PointInputs& inputs, const SweepOptions& options,
                                 cudaStream_t stream)
    : planned_(planned),
      operands_(operands_of(planned, inputs, options, stream)),
      stream_(stream),
      gemm_(dynamic_cast<const CudaEngine&>(*planned.engine).prepare(planned.c.spec, operands_, stream)),
      rule_(stopping_rule(options)) {
  planned_.row.kernel = gemm_->kernel();
  planned_.row.working_set_bytes = gemm_->rotated_bytes() / (set_use() == SetUse::rotate ? 1 : planned_.sets);
}

bool DeviceContender::check(const PointInputs& inputs) {
  for (int set = 0; set < planned_.sets; ++set) {
    const DeviceView d = gemm_->output(set);
    // What no kernel writes has to be found: NaN in every output type.
    cuda::check(cudaMemset2DAsync(d.data, static_cast<std::size_t>(d.stride) * size_of(d.dtype), 0xff,
                                  static_cast<std::size_t>(d.cols) * size_of(d.dtype), static_cast<std::size_t>(d.rows),
                                  stream_));
  }
  for (int set = planned_.sets - 1; set >= 0; --set) gemm_->launch(set, stream_);
  cuda::check(cudaStreamSynchronize(stream_));
  const Verdict verdict =
      verify(*gemm_, planned_.c.spec, operands_, *inputs.sample, *inputs.truth, *inputs.proofs, stream_);
  if (!write_verdict(planned_.row, verdict)) return false;
  checked_hash_ = output_hashes().front();
  checked_ = planned_.row;
  return true;
}

void DeviceContender::warm_up() {
  const bool outgrows_cache =
      gemm_->rotated_bytes() / planned_.sets >= 4 * std::int64_t{attribute(cudaDevAttrL2CacheSize)};
  // What takes a millisecond by a third of an H100's arithmetic needs no mean of several calls.
  const bool long_call = planned_.row.shape.flops() / 3e14 > 1e-3;
  const int calls_to_try = long_call ? 1 : std::max(3, std::min(planned_.sets, 8));
  const double call_us = eager_call_us(call(), planned_.sets, calls_to_try, stream_);
  timer_.emplace(call(), planned_.sets, calls_for(call_us), stream_, set_use(), !outgrows_cache);
  if (timer_->calls() == 1) return make_parts(1);
  timer_->enqueue(stream_);
  cuda::check(cudaStreamSynchronize(stream_));
  // Small kernels run faster in a graph than one by one: so many more of them make a sample.
  const double replayed_us = timer_->call_us();
  if (const int calls = calls_for(replayed_us); calls > 2 * timer_->calls()) {
    timer_.emplace(call(), planned_.sets, calls, stream_, set_use(), !outgrows_cache);
    timer_->enqueue(stream_);
    cuda::check(cudaStreamSynchronize(stream_));
  }
  make_parts(timer_->calls());
}

void DeviceContender::make_parts(int calls) {
  if (gemm_->opaque() || !planned_.c.spec.scheme.quantizes_inside()) return;
  const auto add = [&](const EnqueueCall& part) {
    parts_.push_back({GraphTimer(part, planned_.sets, std::max(1, calls / 4), stream_, set_use()), {}});
  };
  add([this](int set, cudaStream_t s) { gemm_->launch_quantize(set, s); });
  add([this](int set, cudaStream_t s) { gemm_->launch_product(set, s); });
}

void DeviceContender::collect() {
  last_us_ = timer_->call_us();
  rule_.add(last_us_, last_us_ * 1e-6 * timer_->calls());
  mhz_.push_back(timer_->mhz().value_or(0));
}

void DeviceContender::drop_first(std::size_t samples) {
  rule_.drop_first(samples);
  mhz_.erase(mhz_.begin(), mhz_.begin() + static_cast<std::ptrdiff_t>(std::min(samples, mhz_.size())));
}

bool DeviceContender::has_clocks() const {
  return !mhz_.empty() && std::all_of(mhz_.begin(), mhz_.end(), [](double mhz) { return mhz > 0; });
}

double DeviceContender::own_clock() const {
  return std::accumulate(mhz_.begin(), mhz_.end(), 0.0) / static_cast<double>(mhz_.size());
}

StoppingRule DeviceContender::steady_rule() const {
  if (!at_a_clock()) return rule_;
  StoppingRule steady(rule_.limits());
  const auto& us = rule_.samples();
  for (const double at_clock : times_at_clock(us, mhz_, clock_exponent(us, mhz_), own_clock())) steady.add(at_clock, 0);
  return steady;
}

void DeviceContender::enqueue_parts() {
  for (const Part& part : parts_) part.timer.enqueue(stream_);
}

void DeviceContender::collect_parts() {
  for (Part& part : parts_) part.us.push_back(part.timer.call_us());
}

void DeviceContender::measure_as_reference() {
  as_reference_ = true;
  const int sets = set_use() == SetUse::rotate ? planned_.sets : 1;
  for (const double us : reference_samples_us(call(), sets, stream_)) rule_.add(us, 0.02);
  make_parts(calls_for(rule_.summary().median));
  for (int i = 0; i < 5; ++i) {
    enqueue_parts();
    cuda::check(cudaStreamSynchronize(stream_));
    collect_parts();
  }
}

void DeviceContender::conclude(double launch_us) {
  if (rule_.samples().empty()) return;
  Result& row = planned_.row;
  row = checked_;
  const auto hashes = output_hashes();
  if (std::any_of(hashes.begin(), hashes.end(), [&](std::uint64_t hash) { return hash != checked_hash_; })) {
    row.outcome = Outcome::incorrect;
    row.message = "a timed call gave another result than the checked one";
    row.exact = row.exact.has_value() ? std::optional(false) : std::nullopt;
    return;
  }
  write_times(row, rule_, steady_rule());
  add_message(row, gemm_->note());
  if (has_clocks()) row.clock_mhz = own_clock();
  if (at_a_clock()) {
    row.clock_exponent = clock_exponent(rule_.samples(), mhz_);
    row.samples_mhz = mhz_;
  }
  if (parts_.empty() || parts_.front().us.empty()) return;
  row.launch_us = launch_us;
  row.quantize_us = summarize(parts_.front().us).median;
  row.gemm_us = summarize(parts_.back().us).median;
}

void DeviceContender::lose_times() {
  Result failed = checked_;
  failed.outcome = planned_.row.outcome;
  failed.message = planned_.row.message;
  planned_.row = std::move(failed);
}

std::vector<std::uint64_t> DeviceContender::output_hashes() const {
  std::vector<std::uint64_t> hashes(static_cast<std::size_t>(planned_.sets));
  const DeviceBuffer out(hashes.size() * sizeof(std::uint64_t));
  for (int set = 0; set < planned_.sets; ++set) {
    enqueue_hash(gemm_->output(set), out.as<std::uint64_t>() + set, stream_);
  }
  cuda::check(cudaMemcpyAsync(hashes.data(), out.data(), out.size(), cudaMemcpyDeviceToHost, stream_));
  cuda::check(cudaStreamSynchronize(stream_));
  return hashes;
}

}  // namespace qgemm::cuda
