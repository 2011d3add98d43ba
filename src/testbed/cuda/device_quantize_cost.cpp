#include "testbed/cuda/device_quantize_cost.hpp"

#include <algorithm>

#include "accuracy/cuda/device_checks.hpp"
#include "cuda/cuda_error.hpp"
#include "operands/cuda/device_operands.hpp"
#include "quantize/activations.hpp"
#include "quantize/cuda/device_quantize.hpp"
#include "quantize/reference.hpp"
#include "testbed/row_outcome.hpp"
#include "timing/cuda/graph_timer.hpp"
#include "timing/stopping_rule.hpp"

namespace qgemm::cuda {
namespace {

void check_rows(const Scheme& scheme, const std::optional<StaticScale>& given, const DeviceView& x,
                const DeviceActivations& q, cudaStream_t stream) {
  // Per-tensor scales come from all rows, so only rows with scales of their own are quantized again alone.
  const std::vector<std::int64_t> rows{0, x.rows / 2, x.rows - 1};
  if (scheme.dynamic_tensor) return;
  const Matrix original = download_rows(x, rows, stream);
  DeviceView codes = q.values.view();
  codes.cols = x.cols;
  const Matrix actual = download_rows(codes, rows, stream);
  const QuantizedActivations expected = reference::quantize_activations(scheme, given, original.view());
  for (std::int64_t r = 0; r < original.rows(); ++r) {
    const auto* want = expected.values.row<std::uint8_t>(r);
    if (std::equal(want, want + x.cols, actual.row<std::uint8_t>(r))) continue;
    throw Error(provider_name(scheme) + " quantized row " + std::to_string(rows[static_cast<std::size_t>(r)]) +
                " unlike the reference");
  }
}

}  // namespace

QuantizeCost measure_quantize_cost(const QuantizeCostOptions& options, const Scheme& scheme, std::int64_t m,
                                   std::int64_t k, const std::atomic<bool>* stop) {
  const Stream stream;
  DeviceMatrix x = random_activations(m, k, DataKind::normal, options.seed, stream.get());
  if (options.input != DType::bf16) {
    DeviceMatrix converted(options.input, m, k);
    enqueue_convert(x.view(), converted.view(), stream.get());
    stream.synchronize();
    x = std::move(converted);
  }
  std::optional<StaticScale> given;
  if (needs_static_scale(scheme)) given = calibrate(scheme, x.view(), ScaleSource::absmax, stream.get());
  DeviceActivations q = allocate_activations(scheme, m, k, given, stream.get());
  const EnqueueCall call = [&](int, cudaStream_t s) { enqueue_quantize(scheme, x.view(), q, s); };
  call(0, stream.get());
  check_activations(q, stream.get());
  check_rows(scheme, given, x.view(), q, stream.get());

  const double call_us = eager_call_us(call, 1, 5, stream.get());
  const GraphTimer timer(call, 1, static_cast<int>(std::clamp(1000 / std::max(call_us, 1.0), 1.0, 256.0)),
                         stream.get());
  StoppingRule rule(
      {.max_noise_pct = options.max_noise, .max_seconds = options.max_time, .min_samples = options.min_samples});
  timer.enqueue(stream.get());
  stream.synchronize();
  while (!rule.finished() && (stop == nullptr || !stop->load())) {
    timer.enqueue(stream.get());
    stream.synchronize();
    rule.add(timer.call_us(), timer.call_us() * 1e-6 * timer.calls());
  }
  QuantizeCost cost;
  cost.m = m;
  cost.k = k;
  if (!rule.samples().empty()) write_times(cost, rule);
  return cost;
}

}  // namespace qgemm::cuda
