#include "engines/cutlass/cost_model.hpp"

#include <algorithm>
#include <cmath>

namespace qgemm::cutlass {
namespace {

// Rounded from what docs/measurements/kernels.md tells; bench_kernel_times says how well they order kernels, and
// tests/unit/cost_model_test.cpp holds them against one such measurement.
constexpr double clocks_per_us = 1700;       ///< Between the 1,980 MHz of small products and 1,400 of large ones.
constexpr double macs_per_clock = 4096;      ///< 8-bit products of a multiprocessor.
constexpr double least_clocks = 32;          ///< Of one instruction of 64 rows, however few its columns.
constexpr double barrier_clocks = 150;       ///< From a stage's arrival to the next one's, products aside.
constexpr double most_bytes_per_clock = 80;  ///< Into one multiprocessor, whoever shares what it reads.
constexpr double held_bytes = 225e3, load_clocks = 2000;  ///< What a multiprocessor has asked for; how long it waits.
constexpr double l2_bytes_per_us = 10e6;                  ///< Out of L2 together, of what is read once.
constexpr double memory_bytes_per_us = 4e6;               ///< Between an H100's 3.1 and an H200's 4.4.
/// A product that lasts is bound by power, to which what is brought in adds as well.
constexpr double lasting_us = 100, load_power = 0.1;
constexpr double gather_bytes_per_clock = 2.5;  ///< Partial sums between the blocks of a cluster.
constexpr double launch_us = 0.95, first_load_us = 1.0, cluster_us = 0.25;
/// CUTLASS's kernels start and store more slowly than those written for this job, and keep the tensor cores less busy.
constexpr double cutlass_us = 0.5, cutlass_factor = 1.1;

double covered(std::int64_t extent, int tile) { return std::ceil(static_cast<double>(extent) / tile); }

/// The busiest multiprocessor's blocks, one after the other or side by side. Blocks of a cluster go to one
/// multiprocessor where it has room for them, even while others are idle.
double most_blocks(const kernels::KernelTraits& traits, double tiles, int multiprocessors) {
  if (traits.split > 1 && traits.residents >= traits.split) return std::ceil(tiles / multiprocessors) * traits.split;
  return std::ceil(tiles * traits.split / multiprocessors);
}

/// Two things at a time, of which neither hides the other wholly.
double side_by_side(double a, double b) { return std::sqrt(std::sqrt(std::pow(a, 4) + std::pow(b, 4))); }

}  // namespace

double likely_us(const kernels::KernelTraits& traits, const cuda::Device& device, std::int64_t m, std::int64_t n,
                 std::int64_t k) {
  const double rows = traits.swapped ? traits.tile_n : traits.tile_m,
               columns = traits.swapped ? traits.tile_m : traits.tile_n;
  const double tiles = covered(m, traits.tile_m * traits.cluster_m) * traits.cluster_m *
                       covered(n, traits.tile_n * traits.cluster_n) * traits.cluster_n;
  const double most = most_blocks(traits, tiles, device.multiprocessors);
  const double beside = std::min<double>(traits.residents, most);

  // A step of 128 bytes of K.
  const double steps = std::ceil(static_cast<double>(k) / 128 / traits.split);
  const double multiply = std::ceil(rows / 64) * 4 * std::max(least_clocks, 64 * columns * 32 / macs_per_clock);
  const double asked = held_bytes / traits.residents * beside;
  const double load = (rows + columns) * 128 / std::min(most_bytes_per_clock, asked / load_clocks);
  const double barrier = barrier_clocks / (traits.tile_k / 128.0 * traits.turns * beside);
  const bool lasts = most * steps * std::max(multiply, load) > lasting_us * clocks_per_us;
  const double step = std::max({lasts ? multiply + load_power * load : multiply, load, barrier});

  const double store = 1000 + 10 * columns * std::max(1.0, rows / 128);
  const double stores = traits.alternates || traits.residents > 1 ? 1 : most;
  const bool clustered = traits.cluster_m * traits.cluster_n * traits.split > 1;
  const double sums_sent = rows * columns * 4 * (traits.split - 1) / traits.split;
  const double gather = sums_sent / gather_bytes_per_clock + (clustered ? cluster_us * clocks_per_us : 0);
  const double gathers = traits.split > 1 ? most : 1;
  const double busy = (most * steps * step + stores * store + gathers * gather) / clocks_per_us;

  const double operands =
      static_cast<double>(m) * static_cast<double>(k) + static_cast<double>(n) * static_cast<double>(k);
  const double bytes = operands + 2.0 * static_cast<double>(m) * static_cast<double>(n);
  const bool cached = bytes <= 0.6 * static_cast<double>(device.l2_bytes);
  const double moved = bytes / (cached ? l2_bytes_per_us : memory_bytes_per_us) + (store + gather) / clocks_per_us;
  const double own = launch_us + first_load_us + side_by_side(busy, moved);
  return traits.overlaps ? own : cutlass_us + cutlass_factor * own;
}

}  // namespace qgemm::cutlass
