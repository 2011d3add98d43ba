#include "testbed/cpu/cpu_estimate.hpp"

#include <algorithm>
#include <cstdint>

#include "device/cpu_info.hpp"
#include "testbed/roofline.hpp"

namespace qgemm {
namespace {

/// TFLOP/s a core and GB/s a thread, roughly: see the docs' measurements for what real machines do.
double core_tflops(const GemmSpec& spec, const std::string& engine) {
  if (engine == "reference") return spec.scheme.integer() ? 0.004 : 0.001;
  const CpuFeatures& cpu = cpu_features();
  if (spec.scheme.integer()) return cpu.avx512_vnni ? 0.5 : 0.15;
  if (spec.scheme.weight == DType::bf16) return cpu.avx512_bf16 ? 0.08 : 0.04;
  return cpu.avx512 ? 0.13 : 0.07;
}

constexpr double thread_gbps = 12;

}  // namespace

double estimated_call_seconds(const GemmSpec& spec, const std::string& engine, int threads) {
  const double compute = spec.shape.flops() * 1e-12 / (core_tflops(spec, engine) * threads);
  const double move = static_cast<double>(moved_bytes(spec)) * 1e-9 / (thread_gbps * std::min(threads, 16));
  return std::max(compute, move);
}

}  // namespace qgemm
