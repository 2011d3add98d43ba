#include "engines/cutlass/measure_choices.hpp"

#include <algorithm>
#include <memory>

#include "engine/cuda/device_operands.hpp"
#include "engine/cuda/trial_calls.hpp"
#include "engines/cutlass/kernel_choice.hpp"
#include "operands/cuda/device_operands.hpp"
#include "qgemm/error.hpp"
#include "qgemm/scheme.hpp"

namespace qgemm::cutlass {

MeasuredChoices measure_choices(const cuda::Device& device, DType input, const Shape& shape, cudaStream_t stream) {
  constexpr std::uint64_t seed = 0;
  constexpr std::int64_t most_sets = 16;
  if (input != DType::s8 && input != DType::e4m3) throw InvalidInput("kernels are tuned for int8 and fp8");
  GemmSpec spec;
  spec.shape = shape;
  spec.scheme = parse_provider(input == DType::s8 ? "int8-channel-w-token-a-noquant" : "fp8-channel-w-token-a-noquant");

  cuda::DeviceOperands operands;
  operands.weights = std::make_shared<const cuda::DeviceWeights>(
      cuda::random_weights(shape.n, shape.k, DataKind::normal, seed, stream), ScaleSource::absmax, stream);
  const cuda::DeviceMatrix activations = cuda::random_activations(shape.m, shape.k, DataKind::normal, seed, stream);
  const std::int64_t set_bytes = cuda::scaled_set_bytes(spec);
  const int hot_sets = cuda::hot_sets(set_bytes, device.l2_bytes);
  const std::int64_t sets =
      std::clamp<std::int64_t>(2 * device.l2_bytes / set_bytes + 1, std::max(2, hot_sets), most_sets);
  operands.activations.assign(static_cast<std::size_t>(sets), activations.view());

  MeasuredChoices measured;
  const KernelProduct product(
      spec, operands,
      [&](const std::vector<cuda::ScaledOperands>& prepared, const EnqueueQuantize&) {
        const auto kernels = candidates(device, input, spec.scheme.output, shape.m);
        const auto all = choices(kernels, prepared, device.multiprocessors);
        const auto used = [&](CacheState cache) { return with_streaming(all, streams_weights(device, shape, cache)); };
        measured = measure_all(used(CacheState::hot), used(CacheState::cold), prepared, hot_sets, stream);
        if (measured.hot.empty()) throw Unavailable("this build has no kernel for this GPU and shape");
        return ProductChoice{measured.hot.front().choice, {}};
      },
      stream);
  return measured;
}

}  // namespace qgemm::cutlass
