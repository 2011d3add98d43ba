#include "engines/cutlass/known_choice.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>

#include "cuda/stream_memory.hpp"
#include "engines/cutlass/kernel_choice.hpp"
#include "qgemm/error.hpp"
#include "tuning/tuning_places.hpp"

namespace qgemm::cutlass {
namespace {

/// A GPU's table, read once a process; a file that cannot be used is as good as none here.
const TuningTable& table_of(const std::string& gpu) {
  static std::mutex mutex;
  static std::map<std::string, TuningTable> tables;
  const std::lock_guard lock(mutex);
  if (const auto found = tables.find(gpu); found != tables.end()) return found->second;
  try {
    return tables.emplace(gpu, load_tuning(gpu)).first->second;
  } catch (const InvalidInput&) {
    return tables.emplace(gpu, TuningTable(gpu)).first->second;
  }
}

/// GPU, types, M, N and K.
using ProductKey = std::tuple<int, DType, DType, std::int64_t, std::int64_t, std::int64_t>;

/// In the order in which they are asked whether they take the operands.
std::vector<KernelChoice> known_choices(const cuda::Device& device, DType input, DType output, const Shape& shape) {
  const auto all = candidates(device, input, output, shape.m);
  std::vector<KernelChoice> out;
  // Whoever multiplies once has a model around it, whose other weights come between: they are cold.
  constexpr CacheState cache = CacheState::cold;
  auto tuned = tuned_choice(table_of(device.name), all, input, shape, cache);
  if (tuned) out.push_back(std::move(*tuned));
  const auto* reference = reference_kernel(device, input, output, shape);
  const auto add_reference = [&] {
    if (reference != nullptr) out.push_back({reference, 0, 1, {}, {}});
  };
  // The model's rates are Hopper's, where its first choice is 2 % behind the fastest in the mean and the reference's
  // 40 % (docs/measurements/kernels.md); elsewhere nobody has looked.
  const bool modelled = device.major == 9;
  if (!modelled) add_reference();
  for (const auto* kernel : likely(all, device, shape)) out.push_back({kernel, 0, 1, {}, {}});
  if (modelled) add_reference();
  return with_streaming(std::move(out), streams_weights(device, shape, cache));
}

}  // namespace

std::optional<KernelChoice> tuned_choice(const TuningTable& table,
                                         const std::vector<const kernels::ScaledGemmKernel*>& kernels, DType input,
                                         const Shape& shape, CacheState cache) {
  const auto tuned = table.find(input, shape, cache);
  if (!tuned) return std::nullopt;
  const auto named = [&](const auto* kernel) { return kernel->traits().name == tuned->kernel; };
  const auto kernel = std::find_if(kernels.begin(), kernels.end(), named);
  if (kernel == kernels.end()) return std::nullopt;
  return KernelChoice{*kernel, tuned->raster, tuned->swizzle, tuned->origin, {}};
}

void enqueue_known(const cuda::Device& device, DType input, DType output, const Shape& shape,
                   const kernels::ScaledGemmArguments& arguments, cudaStream_t stream) {
  static std::mutex mutex;
  static std::map<ProductKey, KernelChoice> taken;
  const ProductKey key{device.ordinal, input, output, shape.m, shape.n, shape.k};
  const auto enqueue = [&](const KernelChoice& choice) {
    kernels::ScaledGemmArguments ordered = arguments;
    ordered.raster = choice.raster;
    ordered.swizzle = choice.swizzle;
    ordered.streams_weights = choice.streams;
    const cuda::StreamMemory workspace(choice.kernel->workspace_bytes(ordered), stream);
    choice.kernel->prepare(ordered, workspace.data())->enqueue(stream);
  };
  std::optional<KernelChoice> known;
  {
    const std::lock_guard lock(mutex);
    if (const auto found = taken.find(key); found != taken.end()) known = found->second;
  }
  if (known) return enqueue(*known);
  std::string reason = "this build has no kernel for it";
  for (const KernelChoice& choice : known_choices(device, input, output, shape)) {
    try {
      enqueue(choice);
    } catch (const Unavailable& error) {
      reason = error.what();
      continue;
    }
    constexpr std::size_t most = 4096;  // who multiplies by ever other sizes shall not fill the memory
    const std::lock_guard lock(mutex);
    if (taken.size() >= most) taken.clear();
    taken.emplace(key, choice);
    return;
  }
  throw Unavailable("no kernel takes this product: " + reason);
}

}  // namespace qgemm::cutlass
