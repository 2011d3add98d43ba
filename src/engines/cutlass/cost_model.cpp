#include "engines/cutlass/cost_model.hpp"

#include <algorithm>
#include <cmath>

namespace qgemm::cutlass {
namespace {

// Rounded from what docs/measurements/kernels.md tells; bench_kernel_times says how well they order kernels.
constexpr double clocks_per_us = 1700;     ///< Between the 1,980 MHz of small products and 1,400 of large ones.
constexpr double macs_per_clock = 4096;    ///< 8-bit products of a multiprocessor.
constexpr double least_clocks = 32;        ///< Of one instruction of 64 rows, however few its columns.
constexpr double l2_bytes_per_clock = 64;  ///< Into one multiprocessor.
constexpr double l2_bytes_per_us = 7.0e6;  ///< Out of L2 together, of what is read once.
constexpr double memory_bytes_per_us = 3.05e6;
constexpr double launch_us = 0.95, first_load_us = 1.0, cluster_us = 0.25;
/// CUTLASS's kernels start and store more slowly than those written for this job, and keep the tensor cores less busy.
constexpr double cutlass_us = 1.0, cutlass_factor = 1.1;

double covered(std::int64_t extent, int tile) { return std::ceil(static_cast<double>(extent) / tile); }

}  // namespace

double likely_us(const kernels::KernelTraits& traits, const cuda::Device& device, std::int64_t m, std::int64_t n,
                 std::int64_t k) {
  const int rows = traits.swapped ? traits.tile_n : traits.tile_m,
            columns = traits.swapped ? traits.tile_m : traits.tile_n;
  const int shared_rows = traits.swapped ? traits.cluster_m : traits.cluster_n;  // blocks that share a tile's rows
  const int shared_columns = traits.swapped ? traits.cluster_n : traits.cluster_m;
  const double blocks = covered(m, traits.tile_m * traits.cluster_m) * traits.cluster_m *
                        covered(n, traits.tile_n * traits.cluster_n) * traits.cluster_n * traits.split;
  const double steps = std::ceil(static_cast<double>(k) / 128 / traits.split);
  const double instruction = std::max(least_clocks, 64.0 * columns * 32 / macs_per_clock);
  const double multiply = std::ceil(rows / 64.0) * 4 * instruction;
  const double load = (static_cast<double>(rows) / shared_rows + static_cast<double>(columns) / shared_columns) * 128 /
                      l2_bytes_per_clock;
  // The busiest multiprocessor has so many blocks, one after the other or side by side.
  const double most = std::ceil(blocks / device.multiprocessors);
  const bool alternates = traits.name.find("pingpong") != std::string::npos;
  const double store = 500 + 10.0 * columns * std::max(1.0, rows / 128.0);
  const double stores = alternates || traits.residents > 1 ? 1 : most;
  const double busy = (most * steps * std::max(multiply, load) + stores * store) / clocks_per_us;
  const double operands =
      static_cast<double>(m) * static_cast<double>(k) + static_cast<double>(n) * static_cast<double>(k);
  const double bytes = operands + 2.0 * static_cast<double>(m) * static_cast<double>(n);
  const double moved =
      bytes <= 0.6 * static_cast<double>(device.l2_bytes) ? bytes / l2_bytes_per_us : bytes / memory_bytes_per_us;
  const bool clustered = traits.cluster_m * traits.cluster_n * traits.split > 1;
  const double own = launch_us + first_load_us + (clustered ? cluster_us : 0) + std::max(busy, moved);
  return traits.overlaps ? own : cutlass_us + cutlass_factor * own;
}

}  // namespace qgemm::cutlass
