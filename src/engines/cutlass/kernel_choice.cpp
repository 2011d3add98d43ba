#include "engines/cutlass/kernel_choice.hpp"

#include <algorithm>
#include <utility>

#include "engines/cutlass/cost_model.hpp"
#include "kernels/reference_choice.hpp"
#include "qgemm/error.hpp"
#include "tuning/tuned_choice.hpp"

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

/// All that a kernel can be told of how to run.
std::vector<KernelChoice> every_use(const kernels::ScaledGemmKernel& kernel) {
  const kernels::KernelTraits& traits = kernel.traits();
  std::vector<std::pair<int, int>> orders{{0, 1}};
  if (traits.orders_tiles) {
    orders.clear();
    for (const int raster : {0, 1, 2}) {
      for (int swizzle = 1; swizzle <= max_swizzle; ++swizzle) orders.emplace_back(raster, swizzle);
    }
  }
  std::vector<KernelChoice> out;
  for (const auto& [raster, swizzle] : orders) {
    for (const bool streams : {false, true}) {
      for (const Quantizing quantizing : {Quantizing::apart, Quantizing::overlaps}) {
        if (streams && !traits.streams_weights) continue;
        if (quantizing == Quantizing::overlaps && !traits.overlaps) continue;
        out.push_back({&kernel, raster, swizzle, {}, quantizing, streams});
      }
    }
  }
  return out;
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

bool streams_weights(const cuda::Device& device, const Shape& shape, CacheState cache) {
  // Of 512 rows on, tiles that follow one another need the same weights. Of weights that take less than some 85 % of
  // L2, a hot call finds lines of the one before.
  constexpr std::int64_t most_rows = 511;
  constexpr double held_share = 0.85;
  const auto bytes = static_cast<double>(shape.n) * static_cast<double>(shape.k);  // one a weight
  const bool from_memory = cache == CacheState::cold || bytes > held_share * static_cast<double>(device.l2_bytes);
  return shape.m <= most_rows && from_memory;
}

KernelChoice with_streaming(KernelChoice choice, bool streams) {
  choice.streams = streams && choice.kernel->traits().streams_weights;
  return choice;
}

std::vector<KernelChoice> with_streaming(std::vector<KernelChoice> choices, bool streams) {
  for (auto& choice : choices) choice = with_streaming(std::move(choice), streams);
  return choices;
}

std::optional<KernelChoice> choice_named(const std::vector<const kernels::ScaledGemmKernel*>& kernels,
                                         std::string_view text) {
  for (const auto* kernel : kernels) {
    if (!text.starts_with(kernel->traits().name)) continue;
    for (const KernelChoice& choice : every_use(*kernel)) {
      if (choice.text() == text) return choice;
    }
  }
  return std::nullopt;
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

}  // namespace qgemm::cutlass
