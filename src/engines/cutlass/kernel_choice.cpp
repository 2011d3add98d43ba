#include "engines/cutlass/kernel_choice.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cuda/cuda_error.hpp"
#include "cuda/graph.hpp"
#include "cuda/stream.hpp"
#include "engines/cutlass/cost_model.hpp"
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

bool faster(const Entry& a, const Entry& b) { return a.us < b.us; }

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

std::vector<const kernels::ScaledGemmKernel*> likely(std::vector<const kernels::ScaledGemmKernel*> kernels,
                                                     const cuda::Device& device, const Shape& shape) {
  constexpr std::size_t most = 12;
  constexpr double worth_trying = 1.5;
  const auto estimate = [&](const kernels::ScaledGemmKernel* kernel) {
    return likely_us(kernel->traits(), device, shape.m, shape.n, shape.k);
  };
  std::stable_sort(kernels.begin(), kernels.end(),
                   [&](const auto* a, const auto* b) { return estimate(a) < estimate(b); });
  while (kernels.size() > most ||
         (!kernels.empty() && estimate(kernels.back()) > worth_trying * estimate(kernels.front()))) {
    kernels.pop_back();
  }
  return kernels;
}

std::vector<KernelChoice> choices(const std::vector<const kernels::ScaledGemmKernel*>& kernels,
                                  const std::vector<cuda::ScaledOperands>& sets, int multiprocessors) {
  std::vector<KernelChoice> out;
  for (const auto* kernel : kernels) {
    // The order of tiles matters only where there are several rounds of them.
    const bool rounds = kernel->traits().orders_tiles && tiles(kernel->traits(), sets.front()) > multiprocessors;
    if (!rounds) {
      out.push_back({kernel, 0, 1, {}, {}});
      continue;
    }
    for (const auto& [raster, swizzle] : {std::pair{1, 4}, {1, 8}, {2, 4}, {2, 1}}) {
      out.push_back({kernel, raster, swizzle, {}, {}});
    }
  }
  return out;
}

std::vector<KernelChoice> ways_to_quantize(const KernelChoice& product, const std::vector<KernelChoice>& choices,
                                           std::int64_t m) {
  std::vector<KernelChoice> out{product};
  // Blocks that start early go to whichever multiprocessor the quantization left free: where that is most of them all
  // is well and a microsecond gained. Later ones would crowd there; and blocks of large tiles, one a multiprocessor,
  // lose the order in which neighbours read the same operands, a third of their speed (docs/measurements/kernels.md).
  constexpr std::int64_t most_rows = 32;
  if (m > most_rows) return out;
  const auto add = [&](KernelChoice choice) {
    const auto& traits = choice.kernel->traits();
    if (!traits.overlaps || traits.residents == 1) return;
    choice.quantizing = Quantizing::overlaps;
    choice.origin.clear();
    out.push_back(std::move(choice));
  };
  add(product);
  for (const KernelChoice& choice : choices) {
    if (choice.kernel != product.kernel) add(choice);
  }
  return out;
}

KernelChoice fastest(const std::vector<KernelChoice>& choices, const std::vector<cuda::ScaledOperands>& sets,
                     const EnqueueQuantize& quantize, cudaStream_t stream) {
  constexpr std::size_t finalists = 4;
  const int set_count = static_cast<int>(sets.size());
  std::vector<Entry> entries;
  std::string reason = "this build has no kernel for it";
  for (const auto& choice : choices) {
    Entry entry;
    entry.choice = choice;
    try {
      entry.launches = std::make_unique<KernelLaunches>(entry.choice, sets, quantize);
    } catch (const Unavailable& error) {
      reason = error.what();
      continue;
    }
    entry.us = measure(*entry.launches, set_count, 1, stream);
    // A single call is timed with its launch, which differs between kernels by more than small products do.
    if (entry.us < 30) entry.us = measure(*entry.launches, set_count, 4, stream);
    entries.push_back(std::move(entry));
  }
  if (entries.empty()) throw Unavailable("no kernel takes this shape: " + reason);
  const std::size_t tried = entries.size();
  // Those within a quarter of the best are looked at again.
  std::sort(entries.begin(), entries.end(), faster);
  while (entries.size() > finalists && entries.back().us > 1.25 * entries.front().us) entries.pop_back();
  for (int round = 0; round < 2; ++round) {
    // A large product is bound by power, which takes a while to bring the clock down.
    const double last_us = entries.front().us < 30 ? 300 : 2000;
    const int calls = static_cast<int>(std::clamp((round == 0 ? 60.0 : last_us) / entries.front().us, 2.0, 64.0));
    for (auto& entry : entries) entry.us = std::numeric_limits<double>::max();
    for (int again = 0; again < 2; ++again) {
      for (auto& entry : entries) entry.us = std::min(entry.us, measure(*entry.launches, set_count, calls, stream));
    }
    std::sort(entries.begin(), entries.end(), faster);
    if (entries.size() > finalists) entries.resize(finalists);
  }
  KernelChoice best = entries.front().choice;
  best.origin = "fastest of " + std::to_string(tried) + " likely ones tried here";
  return best;
}

std::vector<MeasuredChoice> measure_all(const std::vector<KernelChoice>& choices,
                                        const std::vector<cuda::ScaledOperands>& sets, cudaStream_t stream) {
  constexpr std::size_t finalists = 8;
  constexpr int rounds = 7;
  // The first look ranks, the second lasts long enough for a large product's power to set the clock.
  constexpr double look_us = 300, burst_us = 10'000;
  const auto hot_and_cold = [&](const KernelLaunches& launches, double about_us, double burst) {
    const int calls = static_cast<int>(std::clamp(burst / about_us, 2.0, 300.0));
    const double cold = measure(launches, static_cast<int>(sets.size()), calls, stream);
    return std::sqrt(cold * measure(launches, 1, calls, stream));
  };
  std::vector<Entry> entries;
  for (const auto& choice : choices) {
    Entry entry;
    entry.choice = choice;
    try {
      entry.launches = std::make_unique<KernelLaunches>(entry.choice, sets);
    } catch (const Unavailable&) {
      continue;
    }
    const double once = measure(*entry.launches, 1, 1, stream);
    entry.us = hot_and_cold(*entry.launches, once, look_us);
    entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(), faster);
  const std::size_t looked_again = std::min(finalists, entries.size());
  // The mean, since some kernels are not steady: where blocks of a large product lose step with their neighbours, they
  // no longer find in L2 what those have read, and one call in five takes up to a third longer.
  std::vector<double> sums(looked_again, 0);
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t turn = 0; turn < looked_again; ++turn) {
      const std::size_t i = (turn + static_cast<std::size_t>(round)) % looked_again;
      sums[i] += hot_and_cold(*entries[i].launches, entries[i].us, burst_us);
    }
  }
  for (std::size_t i = 0; i < looked_again; ++i) entries[i].us = sums[i] / rounds;
  std::sort(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(looked_again), faster);
  std::vector<MeasuredChoice> out;
  for (auto& entry : entries) out.push_back({entry.choice, entry.us});
  return out;
}

}  // namespace qgemm::cutlass
