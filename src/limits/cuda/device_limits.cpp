#include "limits/cuda/device_limits.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "cuda/cuda_error.hpp"
#include "cuda/device_buffer.hpp"
#include "cuda/stream.hpp"
#include "limits/cuda/best_rate.hpp"
#include "limits/cuda/fma_peak.hpp"
#include "limits/cuda/streams.hpp"
#include "limits/cuda/tensor_peak.hpp"
#include "qgemm/error.hpp"

namespace qgemm::cuda {
namespace {

/// What each kind of limit takes of the time, and a window's length in seconds. The tensor cores' warm-ups come on top
/// of one another: the GPU does not rest between them.
constexpr double tensor_warm = 0.10, tensor_measured = 0.06, tensor_window = 0.01;
constexpr double f32_warm = 0.01, f32_measured = 0.02;
constexpr double stream_warm = 0.01, stream_measured = 0.025, stream_window = 0.005;

Timing timing(double warm, double measured, double window) {
  return {warm, window, std::max(3, static_cast<int>(measured / window))};
}

std::string in_ms(double seconds) { return std::to_string(static_cast<int>(std::lround(seconds * 1e3))) + " ms"; }

std::string in_mib(std::size_t bytes) { return std::to_string(bytes >> 20U) + " MiB"; }

/// The best of several ways.
Limit measure(const std::string& name, const std::string& unit, const std::vector<Workload>& ways, const Timing& timing,
              const std::string& conditions, cudaStream_t stream) {
  Limit limit{name, 0, unit, {}};
  for (const Workload& way : ways) {
    const double rate = best_rate(way, timing, stream) * (unit == "GB/s" ? 1e-9 : 1e-12);
    if (rate <= limit.value) continue;
    limit.value = rate;
    limit.method = way.method + conditions + ", best of " + std::to_string(timing.windows) + " windows of about " +
                   in_ms(timing.window) + " after " + in_ms(timing.warm) + " of the same";
  }
  return limit;
}

/// The fastest instructions for a type that the GPU and this build have.
std::optional<Workload> tensor_peak(DType type, const Device& device) {
#ifdef QGEMM_HAVE_SM90
  if (device.capability() == 90) return wgmma_peak(type, device);
#endif
  return mma_peak(type, device);
}

void measure_tensor_cores(const Device& device, double seconds, cudaStream_t stream, std::vector<Limit>& limits) {
  const auto measure_type = [&](const char* name, DType type) {
    const auto way = tensor_peak(type, device);
    if (!way) return;
    limits.push_back(measure(name, "TFLOP/s", {*way},
                             timing(tensor_warm * seconds, tensor_measured * seconds, tensor_window), {}, stream));
  };
  measure_type("int8", DType::s8);
  measure_type("fp8", DType::e4m3);
  measure_type("bf16", DType::bf16);
}

/// Far more than the L2 cache holds, at most half of what is free, in whole MiB.
std::size_t memory_size(const Device& device) {
  const std::int64_t wanted = std::max(std::int64_t{24} * device.l2_bytes, std::int64_t{1} << 31U);
  return static_cast<std::size_t>(std::min(wanted, free_memory_bytes() / 2)) >> 20U << 20U;
}

void measure_streams(const Device& device, double seconds, cudaStream_t stream, std::vector<Limit>& limits) {
  const auto l2 = static_cast<std::size_t>(device.l2_bytes);
  const std::size_t size = memory_size(device);
  if (size == 0 || size < 8 * l2) return;
  const DeviceBuffer memory(size);
  enqueue_random_fill(memory.data(), size, stream);
  const Timing each = timing(stream_warm * seconds, stream_measured * seconds, stream_window);
  const auto add = [&](const char* name, const std::vector<Workload>& ways, std::size_t bytes) {
    limits.push_back(measure(name, "GB/s", ways, each, ", " + in_mib(bytes), stream));
  };
  add("memory_read", memory_reads(memory.data(), size, device), size);
  add("memory_copy", memory_copies(memory.data(), size, device), size);
  // Less than half of the cache: on GPUs whose L2 has two halves, each may keep a copy of what the other holds.
  const std::size_t cached = l2 * 2 / 5 >> 20U << 20U;
  if (cached == 0) return;
  add("l2_read", {l2_read(memory.data(), cached, device)}, cached);
  add("l2_copy", {l2_copy(memory.data(), cached, device)}, cached);
}

}  // namespace

std::vector<Limit> measure_limits(const Device& device, double seconds) {
  if (!(seconds > 0) || !std::isfinite(seconds)) {
    throw InvalidInput("the time to measure limits in is " + std::to_string(seconds) + " s; it must be positive");
  }
  const Stream stream;
  std::vector<Limit> limits;
  measure_tensor_cores(device, seconds, stream.get(), limits);
  limits.push_back(measure("f32", "TFLOP/s", {fma_peak(device)},
                           timing(f32_warm * seconds, f32_measured * seconds, stream_window), {}, stream.get()));
  measure_streams(device, seconds, stream.get(), limits);
  stream.synchronize();
  return limits;
}

}  // namespace qgemm::cuda
