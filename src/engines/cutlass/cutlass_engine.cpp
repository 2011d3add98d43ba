#include "engines/cutlass/cutlass_engine.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>

#include "engines/cutlass/kernel_choice.hpp"
#include "engines/cutlass/scaled_engine.hpp"
#include "kernels/reference_choice.hpp"
#include "qgemm/error.hpp"
#include "tuning/tuning_places.hpp"
#include "tuning/tuning_table.hpp"

namespace qgemm::cutlass {
namespace {

/// All that a choice depends on: type, output, shape, cache state, and whether the epilogue is the longer one.
using ChoiceKey = std::tuple<DType, DType, std::int64_t, std::int64_t, std::int64_t, bool, bool>;

class CutlassEngine final : public ScaledEngine {
 public:
  using ScaledEngine::ScaledEngine;

  std::string_view name() const override { return "cutlass"; }
  std::string description() const override {
    return "kernels of our own for Hopper, CUTLASS's elsewhere, scales fused; which one is tuned or tried for each "
           "shape";
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
    const auto all = candidates(device(), spec.scheme.weight, spec.scheme.output, m);
    if (!tuning_) tuning_ = load_tuning(device().name);
    if (const auto tuned = tuning_->find(spec.scheme.weight, spec.shape)) {
      // A table may name a kernel that this build lacks.
      const auto named = [&](const auto* kernel) { return kernel->traits().name == tuned->kernel; };
      if (const auto kernel = std::find_if(all.begin(), all.end(), named); kernel != all.end()) {
        return choices_.emplace(key, KernelChoice{*kernel, tuned->raster, tuned->swizzle, tuned->origin}).first->second;
      }
    }
    auto kernels = likely(all, device(), spec.shape);
    // Never without the kernel that the reference takes: what the model thinks little of may be that one.
    const std::string reference = reference_kernel(spec);
    const auto theirs = [&](const auto* kernel) { return kernel->traits().name == reference; };
    if (std::none_of(kernels.begin(), kernels.end(), theirs)) {
      const auto found = std::find_if(all.begin(), all.end(), theirs);
      if (found != all.end()) kernels.push_back(*found);
    }
    return choices_.emplace(key, fastest(choices(kernels, sets, device().multiprocessors), sets, stream)).first->second;
  }

  /// Its name; empty on GPUs that the reference has no table for.
  std::string reference_kernel(const GemmSpec& spec) const {
    try {
      return kernels::reference_choice(spec.scheme.weight, device().capability(), device().shared_bytes_per_block,
                                       spec.shape.m, spec.shape.n);
    } catch (const Unavailable&) {
      return {};
    }
  }

  // What was found for one provider serves the others of the same type: the product is the same.
  mutable std::mutex mutex_;
  mutable std::map<ChoiceKey, KernelChoice> choices_;
  mutable std::optional<TuningTable> tuning_;
};

}  // namespace

std::unique_ptr<cuda::CudaEngine> make_engine(const cuda::Device& device) {
  return std::make_unique<CutlassEngine>(device);
}

}  // namespace qgemm::cutlass
