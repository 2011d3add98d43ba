#include "engines/cutlass/cutlass_engine.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "engines/cutlass/kernel_choice.hpp"
#include "engines/cutlass/known_choice.hpp"
#include "engines/cutlass/scaled_engine.hpp"
#include "engines/cutlass/trials.hpp"
#include "qgemm/error.hpp"
#include "qgemm/result.hpp"
#include "qgemm/scheme.hpp"
#include "tuning/tuning_places.hpp"
#include "tuning/tuning_table.hpp"

namespace qgemm::cutlass {
namespace {

/// All that a choice depends on: type, output, shape, cache state, and whether the epilogue is the longer one.
using ChoiceKey = std::tuple<DType, DType, std::int64_t, std::int64_t, std::int64_t, CacheState, bool>;

class CutlassEngine final : public ScaledEngine {
 public:
  CutlassEngine(const cuda::Device& device, std::string kernel) : ScaledEngine(device), named_(std::move(kernel)) {}

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
    const auto choose = [&](const std::vector<cuda::ScaledOperands>& sets, const EnqueueQuantize& quantize) {
      const std::lock_guard lock(mutex_);
      const CacheState cache = operands.cache();
      if (!named_.empty()) return named(spec, sets, cache, quantize != nullptr, stream);
      ProductChoice choice{product(spec, sets, cache, stream), {}};
      if (quantize) choice.call = call(choice.product, spec, sets, cache, quantize, stream);
      return choice;
    };
    return std::make_unique<KernelProduct>(spec, operands, choose, stream);
  }

 private:
  /// The kernel that the user names, in the order of tiles that the name ends with.
  ProductChoice named(const GemmSpec& spec, const std::vector<cuda::ScaledOperands>& sets, CacheState cache,
                      bool quantizes, cudaStream_t stream) const {
    const DType input = spec.scheme.weight, output = spec.scheme.output;
    if (const auto call = choice_named(quantizing_candidates(device(), input, output, spec.shape.m), named_)) {
      if (!quantizes) {
        throw Unavailable("kernel '" + named_ + "' quantizes, and a call of " + provider_name(spec.scheme) +
                          " does not: name one without _q in its name, or leave --kernel out");
      }
      return {product(spec, sets, cache, stream), *call};
    }
    if (const auto call = choice_named(candidates(device(), input, output, spec.shape.m), named_)) {
      KernelChoice product = *call;
      product.quantizing = Quantizing::apart;  // alone it has nothing to start beside
      return {product, quantizes ? *call : KernelChoice{}};
    }
    throw Unavailable("this build has no kernel '" + named_ + "' for this product on " + device().name +
                      ": name one as rows do (qgemm list kernels), or leave --kernel out");
  }

  static ChoiceKey key_of(const GemmSpec& spec, CacheState cache) {
    const auto& [m, n, k] = spec.shape;
    const bool longer = spec.bias || spec.scheme.zero_point != ZeroPoint::none;
    return {spec.scheme.weight, spec.scheme.output, m, n, k, cache, longer};
  }

  /// The kernel for the product alone.
  KernelChoice product(const GemmSpec& spec, const std::vector<cuda::ScaledOperands>& sets, CacheState cache,
                       cudaStream_t stream) const {
    const ChoiceKey key = key_of(spec, cache);
    if (const auto found = products_.find(key); found != products_.end()) return found->second;
    const auto all = candidates(device(), spec.scheme.weight, spec.scheme.output, spec.shape.m);
    if (!tuning_) tuning_ = load_tuning(device().name);
    const auto reference = reference_kernel(device(), spec.scheme.weight, spec.scheme.output, spec.shape);
    const bool streams = streams_weights(device(), spec.shape, cache);
    if (auto tuned = tuned_choice(*tuning_, all, spec.scheme.weight, spec.shape, cache)) {
      tuned = with_streaming(std::move(*tuned), streams);
      if (reference != nullptr && reference != tuned->kernel) {
        const std::string origin = "the reference's, faster here than " + tuned->text() + " (" + tuned->origin + ")";
        tuned = held_against(*tuned, {reference, 0, 1, origin, {}}, sets, cache, stream);
      }
      return products_.emplace(key, std::move(*tuned)).first->second;
    }
    auto kernels = likely(all, device(), spec.shape);
    // Never without the kernel that the reference takes: what the model thinks little of may be that one.
    if (reference != nullptr && std::find(kernels.begin(), kernels.end(), reference) == kernels.end()) {
      kernels.push_back(reference);
    }
    const auto tried = with_streaming(choices(kernels, sets, device().multiprocessors), streams);
    return products_.emplace(key, fastest(tried, sets, cache, {}, stream)).first->second;
  }

  /// What a call is that quantizes: it is tried, since what is fastest alone may not be it.
  KernelChoice call(const KernelChoice& product, const GemmSpec& spec, const std::vector<cuda::ScaledOperands>& sets,
                    CacheState cache, const EnqueueQuantize& quantize, cudaStream_t stream) const {
    const auto key = std::pair(key_of(spec, cache), provider_name(spec.scheme));
    if (const auto found = calls_.find(key); found != calls_.end()) return found->second;
    const auto kernels =
        likely(candidates(device(), spec.scheme.weight, spec.scheme.output, spec.shape.m), device(), spec.shape);
    const auto ways = with_streaming(
        ways_to_quantize(product, choices(kernels, sets, device().multiprocessors),
                         quantizing_candidates(device(), spec.scheme.weight, spec.scheme.output, spec.shape.m),
                         spec.shape, device().multiprocessors),
        streams_weights(device(), spec.shape, cache));
    KernelChoice best = ways.front();
    if (ways.size() > 1) {
      best = fastest(ways, sets, cache, quantize, stream);
      if (best.kernel == product.kernel) best.origin = product.origin;
    }
    return calls_.emplace(key, best).first->second;
  }

  std::string named_;
  // What was found for one provider serves the others of the same type: the product is the same.
  mutable std::mutex mutex_;
  mutable std::map<ChoiceKey, KernelChoice> products_;
  mutable std::map<std::pair<ChoiceKey, std::string>, KernelChoice> calls_;
  mutable std::optional<TuningTable> tuning_;
};

}  // namespace

std::unique_ptr<cuda::CudaEngine> make_engine(const cuda::Device& device, const std::string& kernel) {
  return std::make_unique<CutlassEngine>(device, kernel);
}

}  // namespace qgemm::cutlass
