#include "qgemm/tune.hpp"

#include "qgemm/error.hpp"
#include "run/tune_shapes.hpp"
#ifdef QGEMM_HAVE_CUDA
#include <algorithm>

#include "cuda/device.hpp"
#include "cuda/stream.hpp"
#include "engines/cutlass/kernel_choice.hpp"
#include "engines/cutlass/measure_choices.hpp"
#include "kernels/scaled_gemm.hpp"
#include "run/gpu_ordinal.hpp"
#endif

namespace qgemm {
#ifdef QGEMM_HAVE_CUDA
namespace {

/// The GPU of that name, made the calling thread's; for `auto` the first that works.
cuda::Device gpu_to_tune(const std::string& wanted) {
  const cuda::Devices found = cuda::find_devices();
  std::string reason = found.reason;
  const bool any = wanted == "auto";
  for (const cuda::Device& candidate : found.list) {
    if (!any && candidate.ordinal != gpu_ordinal(wanted)) continue;
    try {
      cuda::use(candidate);
      return candidate;
    } catch (const Unavailable& error) {
      if (!any) throw;
      reason = error.what();
    }
  }
  if (!any && !found.list.empty()) {
    reason = "this machine's last GPU is cuda:" + std::to_string(found.list.back().ordinal);
  }
  throw Unavailable("there is no GPU to tune: " + reason);
}

TuneTarget target_of(const cuda::Device& device, cudaStream_t stream) {
  TuneTarget target;
  target.gpu = device.name;
  constexpr std::int64_t any_m = 64;  // tiles of a middling height are there for every type that has kernels
  for (const DType type : {DType::s8, DType::e4m3}) {
    if (!cutlass::candidates(device, type, DType::bf16, any_m).empty()) target.types.push_back(type);
  }
  target.measure = [&device, stream](DType input, const Shape& shape) {
    const auto named = [](const std::vector<cutlass::MeasuredChoice>& measured) {
      std::vector<TunedChoice> choices;
      for (const auto& [choice, us] : measured) {
        choices.push_back({choice.kernel->traits().name, choice.raster, choice.swizzle, us, {}});
      }
      return choices;
    };
    const auto measured = cutlass::measure_choices(device, input, shape, stream);
    return RankedKernels{named(measured.hot), named(measured.cold)};
  };
  target.has_kernel = [](const std::string& name) {
    const auto& kernels = kernels::all_kernels();
    return std::any_of(kernels.begin(), kernels.end(), [&](const auto* k) { return k->traits().name == name; });
  };
  return target;
}

}  // namespace
#endif

TuneSummary tune(const TuneOptions& options, TuneObserver* observer, const std::atomic<bool>* stop) {
  const auto shapes = shapes_to_tune(options);  // bad input is found before a GPU is looked for
#ifdef QGEMM_HAVE_CUDA
  const cuda::Device device = gpu_to_tune(options.device);
  const cuda::Stream stream;
  return tune_shapes(options, shapes, target_of(device, stream.get()), observer, stop);
#else
  (void)shapes, (void)observer, (void)stop;
  throw Unavailable(
      "there is no GPU to tune: this build has no CUDA engines; scripts/setup --with-cuda, then make build");
#endif
}

}  // namespace qgemm
