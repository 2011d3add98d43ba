#include "engines/avx512/avx512_engine.hpp"

#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "device/cpu_info.hpp"
#include "engine/check_operands.hpp"
#include "engines/avx512/scaled_gemm.hpp"
#include "engines/avx512/tile_kernels.hpp"
#include "qgemm/error.hpp"

namespace qgemm::avx512 {
namespace {

int team() { return omp_get_max_threads(); }

Support supports_scheme(const GemmSpec& spec) {
  const Scheme& s = spec.scheme;
  const auto& [m, n, k] = spec.shape;
  if (!s.integer()) {
    return Support::no("the avx512 engine multiplies int8, not " + std::string(name(s.weight)) +
                       ": use the onednn engine, or auto");
  }
  if (s.output != DType::f32 && s.output != DType::bf16 && s.output != DType::f16) {
    return Support::no("the avx512 engine writes bf16, f16 and f32, not " + std::string(name(s.output)));
  }
  if (m < 1 || n < 1 || k < 1) return Support::no("the product " + to_string(spec.shape) + " is empty");
  if (k > max_k(s)) {
    return Support::no("K = " + std::to_string(k) + " is past " + std::to_string(max_k(s)) +
                       ", from where int32 sums can overflow");
  }
  return Support::yes();
}

class Avx512Engine final : public HostEngine {
 public:
  /// `kernel`: null where this CPU has none; `missing` says so then.
  Avx512Engine(std::string name, const TileKernel* kernel, std::string missing)
      : name_(std::move(name)), kernel_(kernel), missing_(std::move(missing)) {}

  std::string_view name() const override { return name_; }

  std::string description() const override {
    if (kernel_ == nullptr) return missing_;
    return "own int8 products, " + std::string(kernel_->name) + " on " + std::to_string(team()) + " threads";
  }

  Support supports(const GemmSpec& spec) const override {
    if (kernel_ == nullptr) return Support::no(missing_);
    return supports_scheme(spec);
  }

  std::int64_t set_bytes(const GemmSpec& spec) const override {
    return kernel_ == nullptr ? 0 : PackedWeights::bytes_of_one(spec.shape.n, spec.shape.k, kernel_->channels);
  }

  std::int64_t memory_bytes(const GemmSpec& spec, int weight_sets) const override {
    if (kernel_ == nullptr) return 0;
    const auto& [m, n, k] = spec.shape;
    const auto output = static_cast<std::int64_t>(size_of(spec.scheme.output));
    // Beside the packed weights: their plain form, the activations packed and (for who asks) plain, D, a row a thread,
    // and scales, zero points, sums and biases.
    constexpr std::int64_t a_row = 8, a_channel = 16;
    return set_bytes(spec) * weight_sets + n * k + m * (2 * k + chunk_values) + m * n * output + team() * k +
           Product::working_bytes(spec.shape, *kernel_, team()) + m * a_row + n * a_channel;
  }

  std::unique_ptr<PreparedGemm> prepare(const GemmSpec& spec, const Operands& operands) const override {
    if (const Support support = supports(spec); !support.ok) throw Unavailable(support.reason);
    check_operands(spec, operands);
    return std::make_unique<ScaledGemm>(spec, operands, *kernel_, team());
  }

 private:
  std::string name_;
  const TileKernel* kernel_;
  std::string missing_;
};

}  // namespace

std::unique_ptr<HostEngine> make_engine() {
  return std::make_unique<Avx512Engine>("avx512", best_kernel(cpu_features()),
                                        "the avx512 engine needs an x86-64 CPU with AVX2 or later: use another engine");
}

std::unique_ptr<HostEngine> make_engine(std::string_view kernel) {
  const auto names = kernel_names();
  const std::string text(kernel);
  if (std::find(names.begin(), names.end(), kernel) == names.end()) throw InvalidInput("no kernel is named " + text);
  return std::make_unique<Avx512Engine>("avx512-" + text, find_kernel(kernel, cpu_features()),
                                        "this CPU (or what QGEMM_ISA leaves of it) cannot run the kernel " + text);
}

}  // namespace qgemm::avx512
