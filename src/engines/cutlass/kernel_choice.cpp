#include "engines/cutlass/kernel_choice.hpp"

#include <algorithm>
#include <limits>

#include "cuda/cuda_error.hpp"
#include "cuda/graph.hpp"
#include "cuda/stream.hpp"
#include "qgemm/error.hpp"

namespace qgemm::cutlass {
namespace {

std::int64_t tiles(const kernels::KernelTraits& traits, const cuda::ScaledOperands& operands) {
  const auto covered = [](std::int64_t extent, int tile) { return (extent + tile - 1) / tile; };
  return covered(operands.m, traits.tile_m) * covered(operands.n, traits.tile_n);
}

/// Microseconds of one call: the mean over a graph of `calls` launches, after one launch that nobody times.
double measure(const KernelLaunches& launches, int sets, int calls, cudaStream_t stream) {
  const cuda::Event start, stop;
  const auto graph = cuda::Graph::capture(stream, [&](cudaStream_t s) {
    for (int call = 0; call < calls; ++call) launches.enqueue(call % sets, s);
  });
  launches.enqueue(sets - 1, stream);
  start.record(stream);
  graph.launch(stream);
  stop.record(stream);
  stop.synchronize();
  return stop.microseconds_since(start) / calls;
}

struct Entry {
  KernelChoice choice;
  std::unique_ptr<KernelLaunches> launches;
  double us = 0;
};

}  // namespace

std::vector<const kernels::ScaledGemmKernel*> candidates(const cuda::Device& device, DType input, DType output,
                                                         std::int64_t m) {
  std::vector<const kernels::ScaledGemmKernel*> out;
  for (const auto* kernel : kernels::all_kernels()) {
    const auto& traits = kernel->traits();
    if (traits.input != input || traits.output != output) continue;
    const bool runs = traits.only_this_family ? device.capability() / 10 == traits.min_capability / 10
                                              : device.capability() >= traits.min_capability;
    // A GPU with kernels of its own generation is not served by an older one's.
    const bool own = device.capability() < 90 || device.capability() >= 100 || traits.only_this_family;
    if (!runs || !own) continue;
    const bool too_tall = traits.tile_m > 64 && traits.tile_m >= 4 * m;
    const bool too_flat = traits.tile_m <= 32 && traits.tile_m * 8 < m;
    if (!too_tall && !too_flat) out.push_back(kernel);
  }
  return out;
}

KernelChoice fastest(const std::vector<const kernels::ScaledGemmKernel*>& kernels,
                     const std::vector<cuda::ScaledOperands>& sets, int multiprocessors, cudaStream_t stream) {
  constexpr std::size_t finalists = 3;
  const int set_count = static_cast<int>(sets.size());
  std::vector<Entry> entries;
  std::string reason = "this build has no kernel for it";
  for (const auto* kernel : kernels) {
    const auto& traits = kernel->traits();
    // The order of tiles matters only where there are several waves of them.
    const bool waves = traits.orders_tiles && tiles(traits, sets.front()) > 2 * multiprocessors;
    for (const int swizzle : waves ? std::vector{1, 8} : std::vector{1}) {
      Entry entry;
      entry.choice = {kernel, 0, swizzle, {}};
      try {
        entry.launches = std::make_unique<KernelLaunches>(entry.choice, sets);
      } catch (const Unavailable& error) {
        reason = error.what();
        continue;
      }
      entry.us = measure(*entry.launches, set_count, 1, stream);
      entries.push_back(std::move(entry));
    }
  }
  if (entries.empty()) throw Unavailable("no kernel takes this shape: " + reason);
  const auto faster = [](const Entry& a, const Entry& b) { return a.us < b.us; };
  const std::size_t tried = entries.size();
  // A single call is timed with its launch; those within a quarter of the best are looked at again.
  std::sort(entries.begin(), entries.end(), faster);
  while (entries.size() > finalists && entries.back().us > 1.25 * entries.front().us) entries.pop_back();
  for (int round = 0; round < 2; ++round) {
    const int calls = static_cast<int>(std::clamp((round == 0 ? 60.0 : 300.0) / entries.front().us, 2.0, 32.0));
    for (auto& entry : entries) entry.us = std::numeric_limits<double>::max();
    for (int again = 0; again < 2; ++again) {
      for (auto& entry : entries) entry.us = std::min(entry.us, measure(*entry.launches, set_count, calls, stream));
    }
    std::sort(entries.begin(), entries.end(), faster);
    if (entries.size() > finalists) entries.resize(finalists);
  }
  KernelChoice best = entries.front().choice;
  best.origin = "fastest of " + std::to_string(tried) + " kernels tried here";
  return best;
}

}  // namespace qgemm::cutlass
