#include "engines/onednn/onednn_engine.hpp"

#include <omp.h>

#include <cstdint>
#include <memory>
#include <string>

#include "engine/check_operands.hpp"
#include "engines/onednn/float_gemm.hpp"
#include "engines/onednn/int8_gemm.hpp"
#include "engines/onednn/int8_probe.hpp"
#include "qgemm/error.hpp"

namespace qgemm::onednn {
namespace {

int team() { return omp_get_max_threads(); }

TiledMatmul::Plan plan_of(const GemmSpec& spec) {
  return spec.scheme.integer() ? Int8Gemm::plan(spec, team()) : FloatGemm::plan(spec, team());
}

/// What can be said without asking oneDNN.
Support supports_scheme(const GemmSpec& spec) {
  const Scheme& s = spec.scheme;
  if (s.weight == DType::e4m3) {
    return Support::no("oneDNN has no FP8 product on CPUs: use an int8 provider, or a GPU for FP8");
  }
  if (s.weight != DType::s8 && s.weight != DType::bf16 && s.weight != DType::f32) {
    return Support::no("the onednn engine multiplies int8, bf16 and f32, not " + std::string(name(s.weight)));
  }
  if (s.output != DType::f32 && s.output != DType::bf16 && s.output != DType::f16) {
    return Support::no("the onednn engine writes bf16, f16 and f32, not " + std::string(name(s.output)));
  }
  if (spec.shape.m < 1 || spec.shape.n < 1 || spec.shape.k < 1) {
    return Support::no("the product " + to_string(spec.shape) + " is empty");
  }
  if (spec.shape.k > max_k(s)) {
    return Support::no("K = " + std::to_string(spec.shape.k) + " is past " + std::to_string(max_k(s)) +
                       ", from where int32 sums can overflow");
  }
  return Support::yes();
}

class OnednnEngine final : public HostEngine {
 public:
  std::string_view name() const override { return "onednn"; }

  std::string description() const override {
    return "oneDNN " + library_version() + " on " + std::to_string(team()) + " threads: bf16, f32 and int8";
  }

  Support supports(const GemmSpec& spec) const override {
    if (Support scheme = supports_scheme(spec); !scheme.ok) return scheme;
    if (spec.scheme.integer() && !int8_support().ok) return int8_support();
    try {
      const TiledMatmul matmul(plan_of(spec));
      return Support::yes();
    } catch (const Unavailable& error) {
      return Support::no(error.what());
    }
  }

  std::int64_t set_bytes(const GemmSpec& spec) const override {
    const TiledMatmul matmul(plan_of(spec));
    return PackedWeights::bytes_of_one(matmul.weight_layouts(), matmul.grid().panels());
  }

  std::int64_t memory_bytes(const GemmSpec& spec, int weight_sets) const override {
    const TiledMatmul matmul(plan_of(spec));
    const auto [m, n, k] = spec.shape;
    const auto operand = static_cast<std::int64_t>(size_of(spec.scheme.weight));
    const auto output = static_cast<std::int64_t>(size_of(spec.scheme.output));
    const std::int64_t packed = PackedWeights::bytes_of_one(matmul.weight_layouts(), matmul.grid().panels());
    // Beside the packed weights: their plain quantized or converted form, the activations in the product's type, D, and
    // scales, zero points, sums and biases.
    constexpr std::int64_t a_row = 8, a_channel = 12;
    return packed * weight_sets + n * k * operand + m * k * operand + m * n * output + matmul.working_bytes() +
           m * a_row + n * a_channel;
  }

  std::unique_ptr<PreparedGemm> prepare(const GemmSpec& spec, const Operands& operands) const override {
    if (const Support support = supports_scheme(spec); !support.ok) throw Unavailable(support.reason);
    if (spec.scheme.integer() && !int8_support().ok) throw Unavailable(int8_support().reason);
    check_operands(spec, operands);
    if (spec.scheme.integer()) return std::make_unique<Int8Gemm>(spec, operands, team());
    return std::make_unique<FloatGemm>(spec, operands, team());
  }
};

}  // namespace

std::unique_ptr<HostEngine> make_engine() { return std::make_unique<OnednnEngine>(); }

}  // namespace qgemm::onednn
