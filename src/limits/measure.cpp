#include "limits/measure.hpp"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <utility>

#include "device/cpu_topology.hpp"

namespace qgemm {
namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20U;
// One call's work: long enough that the call costs nothing, short enough that all threads end a window together.
constexpr std::size_t memory_piece = mebibyte, cache_piece = mebibyte / 4;
constexpr std::int64_t peak_iterations = 4096;

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::size_t whole_blocks(std::size_t bytes) { return bytes / stream_block * stream_block; }

std::string megabytes(std::size_t bytes) {
  return bytes >= mebibyte ? std::to_string(bytes / mebibyte) + " MiB" : std::to_string(bytes / 1024) + " KiB";
}

/// The most threads of a team on one cache of this level.
std::size_t most_sharing(const std::vector<int>& cpus, int level) {
  std::size_t most = 1;
  for (const int cpu : cpus) {
    const auto sharing = cpus_sharing_cache(cpu, level);
    const auto here = std::count_if(cpus.begin(), cpus.end(), [&sharing](int other) {
      return std::find(sharing.begin(), sharing.end(), other) != sharing.end();
    });
    most = std::max(most, static_cast<std::size_t>(here));
  }
  return most;
}

/// Incompressible and different everywhere: neither the hardware nor the kernel may find anything to share.
void fill(std::byte* to, std::size_t bytes, std::uint64_t state) {
  for (std::size_t i = 0; i + sizeof state <= bytes; i += sizeof state) {
    state = state * 6364136223846793005U + 1442695040888963407U;  // Knuth's MMIX generator
    std::memcpy(to + i, &state, sizeof state);
  }
}

}  // namespace

double team_rate(int threads, double seconds, const std::function<double(int thread)>& work, std::size_t warm_up) {
  double rate = 0;
#pragma omp parallel num_threads(threads) reduction(+ : rate)
  {
    const int thread = omp_get_thread_num();
    for (std::size_t i = 0; i < warm_up; ++i) work(thread);
#pragma omp barrier
    const double start = now_seconds();
    double done = 0, elapsed = 0;
    do {
      done += work(thread);
      elapsed = now_seconds() - start;
    } while (elapsed < seconds);
    rate += done / elapsed;
  }
  return rate;
}

StreamSizes choose_stream_sizes(const std::vector<int>& cpus) {
  const CacheSizes& caches = cache_sizes();
  const std::size_t threads = std::max<std::size_t>(1, cpus.size());
  const auto l2 = static_cast<std::size_t>(caches.l2), l3 = static_cast<std::size_t>(caches.l3);
  StreamSizes sizes;
  const auto last_levels = static_cast<std::size_t>(total_last_level_bytes());
  std::size_t memory = std::max(256 * mebibyte, 4 * last_levels);
  memory = std::min(memory, static_cast<std::size_t>(available_memory_bytes()) / 4);
  // What the caches could hold tells nothing about memory.
  if (memory >= 2 * last_levels) sizes.memory = memory / threads / (2 * stream_block) * (2 * stream_block);

  const std::size_t l2_share = l2 / most_sharing(cpus, 2), l3_share = l3 / most_sharing(cpus, 3);
  sizes.l2 = whole_blocks(l2_share / 2);
  // Going round over half as much again as an L2 holds misses it every time.
  sizes.l3 = whole_blocks(std::max(l3_share / 2, l2_share + l2_share / 2));
  if (sizes.l3 > l3_share / 10 * 9) sizes.l3 = 0;
  for (std::size_t* size : {&sizes.l2, &sizes.l3}) {
    if (*size < 4 * stream_block) *size = 0;  // unknown, or too small to cut into pieces
  }
  return sizes;
}

LimitBench::LimitBench(int threads, const CpuFeatures& features, const StreamSizes& sizes)
    : threads_(threads),
      operands_(make_peak_operands()),
      memory_bytes_(sizes.memory),
      part_(sizes.memory + std::max(sizes.l3, sizes.l2)),
      buffer_(part_ * static_cast<std::size_t>(threads)),
      sinks_(static_cast<std::size_t>(threads)),
      positions_(static_cast<std::size_t>(threads), 0) {
#pragma omp parallel num_threads(threads)
  {
    // By the thread that will read it: pages come from its own memory node.
    const int thread = omp_get_thread_num();
    fill(memory_part(thread), part_, static_cast<std::uint64_t>(thread) + 1);
  }
  const StreamKernels kernels = stream_kernels(features);
  add_peaks(features);
  if (sizes.memory > 0) add_memory(kernels);
  if (sizes.l3 > 0) add_cache(kernels, "l3", sizes.l3);
  if (sizes.l2 > 0) add_cache(kernels, "l2", sizes.l2);
}

std::size_t LimitBench::advance(std::size_t& position, std::size_t piece, std::size_t length) {
  const std::size_t here = position + piece <= length ? position : 0;
  position = here + piece;
  return here;
}

void LimitBench::add_peaks(const CpuFeatures& features) {
  for (const PeakKernel& kernel : peak_kernels(features)) {
    Contender contender{std::string(kernel.limit), "TFLOP/s", {}, 1e-12, {}};
    contender.method = std::string(kernel.instruction) + " on registers, random operands";
    contender.work = [this, kernel](int thread) {
      kernel.run(operands_, peak_iterations, sink(thread));
      return kernel.operations * static_cast<double>(peak_iterations);
    };
    contenders_.push_back(std::move(contender));
  }
}

void LimitBench::add_memory(const StreamKernels& kernels) {
  const std::string over = " over " + megabytes(memory_bytes_ * static_cast<std::size_t>(threads_));
  const std::size_t half = whole_blocks(memory_bytes_ / 2), piece = std::min(memory_piece, half);
  // All three share one position: none comes upon what another has just left in the cache.
  contenders_.push_back({"memory_read", "GB/s", std::string(kernels.name) + ", four streams a thread" + over, 1e-9,
                         [this, kernels, piece](int thread) {
                           auto& position = positions_[static_cast<std::size_t>(thread)];
                           kernels.read(memory_part(thread) + advance(position, piece, memory_bytes_), piece,
                                        sink(thread));
                           return static_cast<double>(piece);
                         }});
  const auto add_copy = [&](auto copy, const char* stores) {
    contenders_.push_back({"memory_copy", "GB/s", std::string(kernels.name) + ", " + stores + over, 1e-9,
                           [this, copy, piece, half](int thread) {
                             auto& position = positions_[static_cast<std::size_t>(thread)];
                             std::byte* from = memory_part(thread) + advance(position, piece, half);
                             copy(from + half, from, piece);
                             return 2.0 * static_cast<double>(piece);
                           }});
  };
  add_copy(kernels.copy, "ordinary stores");
  if (kernels.copy_past_cache != nullptr) add_copy(kernels.copy_past_cache, "non-temporal stores");
}

void LimitBench::add_cache(const StreamKernels& kernels, const std::string& level, std::size_t working_set) {
  const std::string over = " over " + megabytes(working_set) + " a thread";
  const std::vector<std::size_t> start(static_cast<std::size_t>(threads_), 0);
  const std::size_t half = whole_blocks(working_set / 2);
  const std::size_t piece = std::min(cache_piece, half), copy_piece = whole_blocks(std::min(cache_piece, half / 2));
  contenders_.push_back({level + "_read", "GB/s", std::string(kernels.name) + over, 1e-9,
                         [this, kernels, working_set, piece, positions = start](int thread) mutable {
                           auto& position = positions[static_cast<std::size_t>(thread)];
                           kernels.read(cache_part(thread) + advance(position, piece, working_set), piece,
                                        sink(thread));
                           return static_cast<double>(piece);
                         },
                         working_set / piece});
  contenders_.push_back({level + "_copy", "GB/s", std::string(kernels.name) + ", ordinary stores" + over, 1e-9,
                         [this, kernels, half, copy_piece, positions = start](int thread) mutable {
                           auto& position = positions[static_cast<std::size_t>(thread)];
                           std::byte* from = cache_part(thread) + advance(position, copy_piece, half);
                           kernels.copy(from + half, from, copy_piece);
                           return 2.0 * static_cast<double>(copy_piece);
                         },
                         half / copy_piece});
}

void LimitBench::run_round(double window_seconds) {
  for (Contender& contender : contenders_) {
    contender.best = std::max(contender.best,
                              team_rate(threads_, window_seconds, contender.work, contender.warm_up) * contender.scale);
  }
}

}  // namespace qgemm
