#include "engines/cutlass/cutlass_engine.hpp"

#include <map>
#include <mutex>
#include <tuple>

#include "engines/cutlass/kernel_choice.hpp"
#include "engines/cutlass/scaled_engine.hpp"
#include "qgemm/error.hpp"

namespace qgemm::cutlass {
namespace {

/// All that a choice depends on: type, output, shape, cache state, and whether the epilogue is the longer one.
using ChoiceKey = std::tuple<DType, DType, std::int64_t, std::int64_t, std::int64_t, bool, bool>;

class CutlassEngine final : public ScaledEngine {
 public:
  using ScaledEngine::ScaledEngine;

  std::string_view name() const override { return "cutlass"; }
  std::string description() const override {
    return "CUTLASS kernels with fused scales; the fastest of them for each shape, found by measurement";
  }
  Support supports(const GemmSpec& spec) const override {
    const Support support = supports_scaled(spec);
    if (!support.ok) return support;
    if (candidates(device(), spec.scheme.weight, spec.scheme.output, spec.shape.m).empty()) {
      return Support::no("this build has no " + std::string(qgemm::name(spec.scheme.weight)) + " kernels for " +
                         device().name + ": build with QGEMM_CUDA_ARCHS for it");
    }
    return support;
  }

  std::unique_ptr<cuda::PreparedGemm> prepare(const GemmSpec& spec, const cuda::DeviceOperands& operands,
                                              cudaStream_t stream) const override {
    const auto choose = [&](const std::vector<cuda::ScaledOperands>& sets) { return choice(spec, sets, stream); };
    return std::make_unique<KernelProduct>(spec, operands, choose, stream);
  }

 private:
  KernelChoice choice(const GemmSpec& spec, const std::vector<cuda::ScaledOperands>& sets, cudaStream_t stream) const {
    const auto& [m, n, k] = spec.shape;
    const bool longer = spec.bias || spec.scheme.zero_point != ZeroPoint::none;
    const ChoiceKey key(spec.scheme.weight, spec.scheme.output, m, n, k, sets.size() > 1, longer);
    const std::lock_guard lock(mutex_);
    if (const auto found = choices_.find(key); found != choices_.end()) return found->second;
    const auto kernels = candidates(device(), spec.scheme.weight, spec.scheme.output, m);
    return choices_.emplace(key, fastest(kernels, sets, device().multiprocessors, stream)).first->second;
  }

  // What was found for one provider serves the others of the same type: the product is the same.
  mutable std::mutex mutex_;
  mutable std::map<ChoiceKey, KernelChoice> choices_;
};

}  // namespace

std::unique_ptr<cuda::CudaEngine> make_engine(const cuda::Device& device) {
  return std::make_unique<CutlassEngine>(device);
}

}  // namespace qgemm::cutlass
