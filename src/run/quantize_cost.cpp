#include "qgemm/quantize_cost.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/nearest.hpp"
#include "device/cpu_info.hpp"
#include "device/thread_team.hpp"
#include "operands/random_operands.hpp"
#include "qgemm/error.hpp"
#include "qgemm/scheme.hpp"
#include "quantize/activations.hpp"
#include "quantize/reference.hpp"
#include "run/select_testbed.hpp"
#include "testbed/row_outcome.hpp"
#include "timing/cpu_timer.hpp"
#include "timing/stopping_rule.hpp"
#ifdef QGEMM_HAVE_CUDA
#include "testbed/cuda/device_quantize_cost.hpp"
#endif

namespace qgemm {
namespace {

const std::vector<std::string> known_schemes{"token",         "tensor",    "dyntensor",  "token-azp",    "tensor-azp",
                                             "dyntensor-azp", "fp8-token", "fp8-tensor", "fp8-dyntensor"};

Scheme scheme_of(const std::string& text) {
  if (std::find(known_schemes.begin(), known_schemes.end(), text) == known_schemes.end()) {
    throw InvalidInput("unknown quantization '" + text.substr(0, 64) + "': use " + join_or(known_schemes));
  }
  const bool azp = text.ends_with("-azp"), fp8 = text.starts_with("fp8-");
  const std::string granularity = fp8 ? text.substr(4) : text.substr(0, text.find("-azp"));
  return parse_provider((fp8 ? "fp8-channel-w-" : "int8-channel-w-") + granularity + "-a" + (azp ? "-azp" : ""));
}

Matrix activations_of_type(std::int64_t m, std::int64_t k, DType type, std::uint64_t seed) {
  Matrix bf16 = random_activations(m, k, DataKind::normal, seed);
  if (type == DType::bf16) return bf16;
  Matrix out(type, m, k);
#pragma omp parallel for schedule(static)
  for (std::int64_t r = 0; r < m; ++r) {
    for (std::int64_t c = 0; c < k; ++c) set_element(out.view(), r, c, element(bf16.view(), r, c));
  }
  return out;
}

void check_rows(const Scheme& scheme, const ConstMatrixView& x, const QuantizedActivations& q) {
  for (const std::int64_t m : {std::int64_t{0}, x.rows / 2, x.rows - 1}) {
    for (std::int64_t k = 0; k < x.cols; ++k) {
      if (q.q(m, k) == reference::quantize_value(element(x, m, k), q.scale(m), q.zero_point(m))) continue;
      throw Error(provider_name(scheme) + " quantized row " + std::to_string(m) + " unlike the reference");
    }
  }
}

/// Where a team's working set of `bytes` lives, by the caches' sizes with a quarter left for everything else.
std::string level_of(std::int64_t bytes, int threads) {
  const CacheSizes& caches = cache_sizes();
  if (bytes < caches.l2 * threads * 3 / 4) return "l2";
  return caches.l3 > 0 && bytes < caches.l3 * 3 / 4 ? "l3" : "memory";
}

double bandwidth_of(const std::string& level, const std::vector<Limit>& limits) {
  for (const auto& limit : limits) {
    if (limit.name == level + "_copy") return limit.value;
  }
  return 0;
}

/// The CPU's side of it: one scheme on one matrix. Empty where `stop` came before the first sample.
QuantizeCost measure_on_cpu(const QuantizeCostOptions& options, const Scheme& scheme, const Matrix& x,
                            const std::atomic<bool>* stop) {
  std::optional<StaticScale> given;
  if (needs_static_scale(scheme)) given = calibrate(scheme, x.view(), ScaleSource::absmax);
  QuantizedActivations q = allocate_activations(scheme, x.rows(), x.cols(), Int8Form::s8);
  const auto call = [&](int) { quantize_activations(scheme, given, x.view(), q); };
  call(0);
  check_rows(scheme, x.view(), q);
  const double before = now_seconds();
  call(0);
  CpuTimer timer(call, 1, true, now_seconds() - before);
  StoppingRule rule(
      {.max_noise_pct = options.max_noise, .max_seconds = options.max_time, .min_samples = options.min_samples});
  while (!rule.finished() && (stop == nullptr || !stop->load())) {
    const auto sample = timer.sample();
    rule.add(sample.us, sample.seconds);
  }
  QuantizeCost cost;
  cost.m = x.rows();
  cost.k = x.cols();
  if (!rule.samples().empty()) write_times(cost, rule);
  return cost;
}

/// Adds what follows from the time: bytes moved in it, and the share of the bandwidth of the level they fit in.
void complete(QuantizeCost& cost, const QuantizeCostOptions& options, std::string level,
              const std::vector<Limit>& limits) {
  cost.bytes = cost.m * cost.k * (static_cast<std::int64_t>(size_of(options.input)) + 1);
  cost.gbps = static_cast<double>(cost.bytes) / cost.median_us * 1e-3;
  cost.level = std::move(level);
  const double bandwidth = bandwidth_of(cost.level, limits);
  if (bandwidth > 0) cost.limit_share = cost.gbps / bandwidth;
}

/// To e4m3 it is measured on a GPU only.
void check_schemes_of_cpu(const QuantizeCostOptions& options) {
  for (const auto& text : options.schemes) {
    if (!scheme_of(text).integer()) throw InvalidInput(text + " is measured on a GPU only: use --device cuda");
  }
}

void check_fits(std::int64_t m, std::int64_t k, const QuantizeCostOptions& options, std::int64_t budget) {
  const std::int64_t needed = m * k * (static_cast<std::int64_t>(size_of(options.input)) + 3);
  if (needed <= budget) return;
  throw OutOfMemory("quantizing " + std::to_string(m) + " × " + std::to_string(k) + " needs about " +
                    std::to_string(needed >> 20U) + " MiB, more than is available: choose smaller sizes");
}

}  // namespace

void check(const QuantizeCostOptions& options) {
  const auto check_sizes = [](const char* flag, const std::vector<std::int64_t>& sizes) {
    for (const auto size : sizes) {
      if (size >= 1 && size <= (1 << 24)) continue;
      throw InvalidInput(std::string(flag) + " has " + std::to_string(size) +
                         ": give whole numbers from 1 to 16777216");
    }
    if (sizes.empty()) throw InvalidInput(std::string(flag) + " is empty: give whole numbers from 1");
  };
  check_sizes("--batch-sizes", options.batch_sizes);
  check_sizes("--widths", options.widths);
  for (const auto& scheme : options.schemes) scheme_of(scheme);
  if (options.device == "cpu") check_schemes_of_cpu(options);
  if (options.schemes.empty()) throw InvalidInput("--schemes is empty: use " + join_or(known_schemes));
  if (options.input != DType::bf16 && options.input != DType::f16 && options.input != DType::f32) {
    throw InvalidInput("--input is " + std::string(name(options.input)) + ": use bf16, f16 or f32");
  }
  if (!(options.max_time > 0) || !(options.max_noise > 0) || options.min_samples < 1) {
    throw InvalidInput("--max-time, --max-noise and --min-samples have to be positive");
  }
}

std::vector<QuantizeCost> measure_quantize_cost(const QuantizeCostOptions& options, const std::vector<Limit>& limits,
                                                const std::atomic<bool>* stop) {
  check(options);
  SweepOptions sweep;
  sweep.device = options.device;
  sweep.threads = options.threads;
  const auto testbed = select_testbed(sweep).testbed;
  const bool gpu = testbed->kind() == DeviceKind::cuda;
  if (!gpu) check_schemes_of_cpu(options);
  const int threads = gpu ? 0 : pin_thread_team(options.threads);
  std::vector<QuantizeCost> costs;
  for (const auto k : options.widths) {
    for (const auto m : options.batch_sizes) {
      check_fits(m, k, options, testbed->memory_budget());
      Matrix x;
      if (!gpu) x = activations_of_type(m, k, options.input, options.seed);
      for (const auto& text : options.schemes) {
        if (stop != nullptr && stop->load()) return costs;
        const Scheme scheme = scheme_of(text);
        QuantizeCost cost;
#ifdef QGEMM_HAVE_CUDA
        if (gpu) cost = cuda::measure_quantize_cost(options, scheme, m, k, stop);
#endif
        if (!gpu) cost = measure_on_cpu(options, scheme, x, stop);
        if (cost.samples == 0) return costs;
        cost.scheme = text;
        const std::int64_t bytes = m * k * (static_cast<std::int64_t>(size_of(options.input)) + 1);
        // A quarter of the cache is left for everything else.
        complete(cost, options,
                 !gpu                                     ? level_of(bytes, threads)
                 : bytes < testbed->cache_bytes() * 3 / 4 ? "l2"
                                                          : "memory",
                 limits);
        costs.push_back(std::move(cost));
      }
    }
  }
  return costs;
}

}  // namespace qgemm
