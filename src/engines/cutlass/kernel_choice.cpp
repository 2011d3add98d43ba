#include "engines/cutlass/kernel_choice.hpp"

#include <algorithm>
#include <limits>

#include "engine/cuda/trial_calls.hpp"
#include "engines/cutlass/cost_model.hpp"
#include "engines/cutlass/rank_choices.hpp"
#include "kernels/reference_choice.hpp"
#include "qgemm/error.hpp"

namespace qgemm::cutlass {
namespace {

/// The orders of tiles that can matter, as raster and swizzle.
std::vector<std::pair<int, int>> orders(const kernels::KernelTraits& traits, const cuda::ScaledOperands& operands,
                                        int multiprocessors) {
  const auto covered = [](std::int64_t extent, int tile) { return (extent + tile - 1) / tile; };
  const std::int64_t down = covered(operands.m, traits.tile_m), across = covered(operands.n, traits.tile_n);
  // In a single line of tiles all orders are the same.
  if (!traits.orders_tiles || down == 1 || across == 1) return {{0, 1}};
  // In a single round it only says which multiprocessors are neighbours: 1 to 3 % at 64 … 512 tokens.
  if (down * across <= multiprocessors) return {{0, 1}, {2, 4}};
  return {{1, 4}, {1, 8}, {2, 4}, {2, 1}};
}

/// How many operand sets there are, and how calls use them.
struct SetUse {
  int count;
  CacheState cache;
};

SetUse use_of(const std::vector<cuda::ScaledOperands>& sets, CacheState cache) {
  return {static_cast<int>(sets.size()), cache};
}

/// Microseconds of one call: the mean of about so many.
double measure(const KernelLaunches& launches, const SetUse& use, int calls, cudaStream_t stream) {
  const auto enqueue = [&](int set, cudaStream_t s) { launches.enqueue(set, s); };
  return cuda::TrialCalls(enqueue, use.count, use.cache, calls, stream).us(stream);
}

/// Whether the product is faster beside the quantization, with so many tokens that its tiles are large: which of the
/// two is ahead by some percent depends on the clock, so that a trial would choose now this and now that. Two
/// microseconds are gained; but blocks that start early lose the order in which neighbours read the same operands, and
/// the more by it the longer they go on, small tiles by that up to a third (docs/measurements/kernels.md).
bool gains_beside(const kernels::KernelTraits& traits, const Shape& shape, int multiprocessors) {
  constexpr std::int64_t most_rows = 4096;
  constexpr double most_products = 1e9;  // a multiprocessor: some 200 us
  constexpr int large_tile = 128 * 128;
  if (!traits.overlaps || shape.m > most_rows) return false;
  if (traits.tile_m * traits.tile_n >= large_tile) {
    return static_cast<double>(shape.m) * static_cast<double>(shape.n) * static_cast<double>(shape.k) <=
           most_products * multiprocessors;
  }
  const auto covered = [](std::int64_t extent, int tile) { return (extent + tile - 1) / tile; };
  return covered(shape.m, traits.tile_m) * covered(shape.n, traits.tile_n) <= multiprocessors;
}

/// Calls that take longer are bound by the GPU's power.
constexpr double power_bound_us = 30;

struct Entry {
  KernelChoice choice;
  std::unique_ptr<KernelLaunches> launches;
  double us = 0;
};

bool faster(const Entry& a, const Entry& b) { return a.us < b.us; }

int calls_in(double us, const Entry& about) { return static_cast<int>(std::clamp(us / about.us, 2.0, 128.0)); }

/// Orders them by the better of two looks of about `us` microseconds.
void measure_again(std::vector<Entry>& entries, const SetUse& sets, double us, cudaStream_t stream) {
  const int calls = calls_in(us, entries.front());
  for (auto& entry : entries) entry.us = std::numeric_limits<double>::max();
  for (int again = 0; again < 2; ++again) {
    for (auto& entry : entries) entry.us = std::min(entry.us, measure(*entry.launches, sets, calls, stream));
  }
  std::sort(entries.begin(), entries.end(), faster);
}

/// Orders large products, which are bound by power: it brings the clock down within some milliseconds, during which
/// whoever is early looks fast. Those do not count; after them the mean does, since some kernels are not steady.
void measure_in_bursts(std::vector<Entry>& entries, const SetUse& sets, cudaStream_t stream) {
  constexpr double burst_us = 3000;
  constexpr int rounds = 3;
  const int calls = calls_in(burst_us, entries.front());
  std::vector<double> sums(entries.size(), 0);
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t turn = 0; turn < entries.size(); ++turn) {
      const std::size_t i = (turn + static_cast<std::size_t>(round)) % entries.size();
      const double us = measure(*entries[i].launches, sets, calls, stream);
      if (round > 0) sums[i] += us;
    }
  }
  for (std::size_t i = 0; i < entries.size(); ++i) entries[i].us = sums[i] / (rounds - 1);
  std::sort(entries.begin(), entries.end(), faster);
}

/// Those of the choices that take the operands, each after a first short look. Throws `Unavailable` where none does.
std::vector<Entry> look_at(const std::vector<KernelChoice>& choices, const std::vector<cuda::ScaledOperands>& sets,
                           CacheState cache, const EnqueueQuantize& quantize, cudaStream_t stream) {
  const SetUse use = use_of(sets, cache);
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
    entry.us = measure(*entry.launches, use, 1, stream);
    // A single call is timed with its launch, which differs between kernels by more than small products do.
    if (entry.us < power_bound_us) entry.us = measure(*entry.launches, use, 4, stream);
    entries.push_back(std::move(entry));
  }
  if (entries.empty()) throw Unavailable("no kernel takes this shape: " + reason);
  return entries;
}

/// Orders those that are left.
void decide(std::vector<Entry>& entries, const SetUse& sets, cudaStream_t stream) {
  if (entries.front().us < power_bound_us) {
    measure_again(entries, sets, 300, stream);
  } else {
    measure_in_bursts(entries, sets, stream);
  }
}

/// The kernels that `device` can run, of these types, that are `wanted`.
template <class Wanted>
std::vector<const kernels::ScaledGemmKernel*> kernels_that(const cuda::Device& device, DType input, DType output,
                                                           const Wanted& wanted) {
  std::vector<const kernels::ScaledGemmKernel*> out;
  for (const auto* kernel : kernels::all_kernels()) {
    const auto& traits = kernel->traits();
    if (traits.input != input || traits.output != output) continue;
    const bool runs = traits.only_this_family ? device.capability() / 10 == traits.min_capability / 10
                                              : device.capability() >= traits.min_capability;
    // A GPU with kernels of its own generation is not served by an older one's.
    const bool own = device.capability() < 90 || device.capability() >= 100 || traits.only_this_family;
    if (runs && own && wanted(traits)) out.push_back(kernel);
  }
  return out;
}

}  // namespace

std::vector<const kernels::ScaledGemmKernel*> candidates(const cuda::Device& device, DType input, DType output,
                                                         std::int64_t m) {
  return kernels_that(device, input, output, [m](const kernels::KernelTraits& traits) {
    const bool too_tall = traits.tile_m > 64 && traits.tile_m >= 4 * m;
    const bool too_flat = traits.tile_m <= 32 && traits.tile_m * 8 < m;
    return !traits.quantizes() && !too_tall && !too_flat;
  });
}

std::vector<const kernels::ScaledGemmKernel*> quantizing_candidates(const cuda::Device& device, DType input,
                                                                    DType output, std::int64_t m) {
  return kernels_that(device, input, output,
                      [m](const kernels::KernelTraits& traits) { return traits.quantizes() && traits.tile_m >= m; });
}

const kernels::ScaledGemmKernel* reference_kernel(const cuda::Device& device, DType input, DType output,
                                                  const Shape& shape) {
  try {
    const std::string name =
        kernels::reference_choice(input, device.capability(), device.shared_bytes_per_block, shape.m, shape.n);
    return &kernels::find_kernel(name, output);
  } catch (const Error&) {
    return nullptr;
  }
}

std::vector<const kernels::ScaledGemmKernel*> likely(std::vector<const kernels::ScaledGemmKernel*> kernels,
                                                     const cuda::Device& device, const Shape& shape) {
  constexpr std::size_t most = 8;
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
    for (const auto& [raster, swizzle] : orders(kernel->traits(), sets.front(), multiprocessors)) {
      out.push_back({kernel, raster, swizzle, {}, {}});
    }
  }
  return out;
}

std::vector<KernelChoice> ways_to_quantize(const KernelChoice& product, const std::vector<KernelChoice>& choices,
                                           const std::vector<const kernels::ScaledGemmKernel*>& quantizing,
                                           const Shape& shape, int multiprocessors) {
  // Blocks that start early go to whichever multiprocessor the quantization left free: where that is most of them all
  // is well and a microsecond gained. With few tokens the start is so large a part that another kernel may win by it,
  // with some where the product alone is fastest by one that cannot start early.
  constexpr std::int64_t few_rows = 32, tried_rows = 256, some_rows = 512;
  const kernels::KernelTraits& own = product.kernel->traits();
  const auto beside = [](KernelChoice choice) {
    choice.quantizing = Quantizing::overlaps;
    return choice;
  };
  std::vector<KernelChoice> out{product};
  const auto add = [&](const KernelChoice& choice) {
    if (!choice.kernel->traits().overlaps) return;
    out.push_back(beside(choice));
    out.back().origin.clear();
  };
  if (shape.m <= tried_rows) {
    add(product);
  } else if (gains_beside(own, shape, multiprocessors)) {
    out = {beside(product)};
  }
  if (shape.m <= few_rows || (shape.m <= some_rows && !own.overlaps)) {
    for (const KernelChoice& choice : choices) {
      if (choice.kernel != product.kernel) add(choice);
    }
  }
  for (const auto* kernel : quantizing) out.push_back({kernel, 0, 1, {}, {}});
  return out;
}

KernelChoice fastest(const std::vector<KernelChoice>& choices, const std::vector<cuda::ScaledOperands>& sets,
                     CacheState cache, const EnqueueQuantize& quantize, cudaStream_t stream) {
  const SetUse use = use_of(sets, cache);
  std::vector<Entry> entries = look_at(choices, sets, cache, quantize, stream);
  const std::size_t tried = entries.size();
  std::sort(entries.begin(), entries.end(), faster);
  // In a short look large products run at the highest clock, at which others are the fastest than at the one that their
  // power leaves: of M=1000 N=K=8192 the best six of it were all 3 % slower than the fastest.
  const std::size_t finalists = entries.front().us < power_bound_us ? 6 : 12;
  // Those within a quarter of the best are looked at again.
  while (entries.size() > finalists && entries.back().us > 1.25 * entries.front().us) entries.pop_back();
  measure_again(entries, use, 60, stream);
  if (entries.size() > finalists) entries.resize(finalists);
  decide(entries, use, stream);
  KernelChoice best = entries.front().choice;
  best.origin = "fastest of " + std::to_string(tried) + " likely ones tried here";
  return best;
}

KernelChoice held_against(const KernelChoice& known, const KernelChoice& other,
                          const std::vector<cuda::ScaledOperands>& sets, CacheState cache, cudaStream_t stream) {
  constexpr double worth_a_look = 1.25, margin = 0.98;  // two trials of one kernel differ by less
  std::vector<Entry> entries = look_at({known, other}, sets, cache, {}, stream);
  if (entries.size() == 1) return entries.front().choice;
  const double known_us = entries.front().us;
  if (known_us >= power_bound_us || entries.back().us > worth_a_look * known_us) return known;
  decide(entries, use_of(sets, cache), stream);
  const bool changes = entries.front().choice.kernel == other.kernel && entries.front().us < margin * entries.back().us;
  return changes ? other : known;
}

MeasuredChoices measure_all(const std::vector<KernelChoice>& choices, const std::vector<cuda::ScaledOperands>& sets,
                            cudaStream_t stream) {
  std::vector<KernelChoice> taken;
  std::vector<std::unique_ptr<KernelLaunches>> launches;
  for (const auto& choice : choices) {
    try {
      launches.push_back(std::make_unique<KernelLaunches>(choice, sets));
    } catch (const Unavailable&) {
      continue;
    }
    taken.push_back(choice);
  }
  const int set_count = static_cast<int>(sets.size());
  const Rankings ranked = rank_choices(taken.size(), [&](std::size_t which, CacheState state, int calls) {
    return measure(*launches[which], {state == CacheState::hot ? 1 : set_count, state}, calls, stream);
  });
  const auto named = [&](const std::vector<RankedChoice>& list) {
    std::vector<MeasuredChoice> out;
    for (const auto& [which, us] : list) out.push_back({taken[which], us});
    return out;
  };
  return {named(ranked.hot), named(ranked.cold)};
}

}  // namespace qgemm::cutlass
