// The avx512 engine's tile kernel alone, on all threads, beside the peaks that `qgemm limits` measures, in turn:
//
//   in cache    one block of weights multiplied with 20 tiles of activations: the share of the arithmetic peak that the
//               kernel itself reaches, by the block's length (what blocking and memory cost comes on top)
//   cold        one tile that walks through weights in memory, as at M ≤ 6, with and without fetching ahead: the share
//   of
//               the memory's read bandwidth
#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "device/cpu_info.hpp"
#include "device/thread_team.hpp"
#include "engines/avx512/tile_kernels.hpp"
#include "interleaved.hpp"
#include "limits/measure.hpp"

namespace {

using namespace qgemm;
using avx512::TileKernel;
using avx512::TileWork;

constexpr int rounds = 40;
constexpr double window = 2e-3;  // seconds

struct Measured {
  std::string name;
  std::function<double(int thread)> work;
  bool cold = false;
  std::vector<double> rates = {};
};

/// What one thread works on.
struct Place {
  AlignedBuffer a, w, sums, start;
  std::size_t position = 0;
};

}  // namespace

int main() {
  const int threads = pin_thread_team(0);
  const TileKernel* kernel = avx512::best_kernel(cpu_features());
  if (kernel == nullptr) {
    std::fprintf(stderr, "bench_avx512_tiles: this CPU runs none of the kernels\n");
    return 3;
  }
  constexpr std::int64_t tiles = 20, longest = 64, cold_chunks = 64;
  constexpr std::size_t cold_bytes = std::size_t{128} << 20U;
  const std::int64_t chunk_bytes = kernel->channels * avx512::chunk_values;
  std::vector<Place> places(static_cast<std::size_t>(threads));
#pragma omp parallel num_threads(threads)
  {
    Place& place = places[static_cast<std::size_t>(omp_get_thread_num())];
    place.a = AlignedBuffer(static_cast<std::size_t>(tiles * kernel->rows * longest * avx512::chunk_values));
    place.w = AlignedBuffer(cold_bytes);
    place.sums = AlignedBuffer(static_cast<std::size_t>(kernel->rows * kernel->channels) * 4);
    place.start = AlignedBuffer(static_cast<std::size_t>(kernel->channels) * 4);
    std::memset(place.a.data(), 77, place.a.size());
    std::memset(place.w.data(), 3, place.w.size());
    std::memset(place.start.data(), 0, place.start.size());
  }
  const auto work_of = [&](Place& place, int rows, std::int64_t chunks) {
    TileWork work{};
    work.a = place.a.as<std::uint8_t>();
    work.w = place.w.as<std::int8_t>();
    work.chunks = chunks;
    work.rows = rows;
    work.start = place.start.as<std::int32_t>();
    work.sums = place.sums.as<std::int32_t>();
    return work;
  };

  std::vector<Measured> contenders;
  for (const std::int64_t chunks : {4, 8, 16, 32, 64}) {
    for (const int rows : {kernel->rows, kernel->rows - 1}) {
      contenders.push_back(
          {std::to_string(rows) + " rows, " + std::to_string(chunks * chunk_bytes / 1024) + " KiB of weights",
           [&, chunks, rows](int thread) {
             TileWork work = work_of(places[static_cast<std::size_t>(thread)], rows, chunks);
             for (int tile = 0; tile < tiles; ++tile) {
               kernel->run(work);
               work.a += rows * chunks * avx512::chunk_values;
             }
             return 2.0 * tiles * rows * kernel->channels * static_cast<double>(chunks) * avx512::chunk_values;
           }});
    }
  }
  for (const int rows : {1, 4}) {
    for (const int ahead_kib : {0, 2, 4, 8, 16, 64}) {
      contenders.push_back(
          {std::to_string(rows) + (rows == 1 ? " row" : " rows") +
               (ahead_kib == 0 ? ", not fetching" : ", fetching " + std::to_string(ahead_kib) + " KiB ahead"),
           [&, rows, ahead_kib](int thread) {
             Place& place = places[static_cast<std::size_t>(thread)];
             TileWork work = work_of(place, rows, cold_chunks);
             const auto bytes = static_cast<std::size_t>(cold_chunks * chunk_bytes);
             if (place.position + bytes > cold_bytes) place.position = 0;
             work.w += place.position;
             place.position += bytes;
             work.next = work.w + ahead_kib * 1024;
             work.next_lines = ahead_kib == 0 ? 0 : static_cast<int>(chunk_bytes / 4 / 64);
             kernel->run(work);
             return static_cast<double>(bytes);
           },
           true});
    }
  }
  LimitBench limits(threads, cpu_features(), choose_stream_sizes(team_cpus()));
  for (int round = 0; round < rounds; ++round) {
    limits.run_round(window);
    for (Measured& contender : contenders) contender.rates.push_back(team_rate(threads, window, contender.work, 0));
  }
  double int8 = 0, read = 0;
  for (const auto& limit : limits.contenders()) {
    if (limit.limit == "int8") int8 = std::max(int8, limit.best / limit.scale);
    if (limit.limit == "memory_read") read = std::max(read, limit.best / limit.scale);
  }
  std::printf("%s, %d threads; peaks (best of %d windows): int8 %.0f GOP/s, memory read %.1f GB/s\n", kernel->name,
              threads, rounds, int8 * 1e-9, read * 1e-9);
  for (const Measured& contender : contenders) {
    const double median = bench::median(contender.rates);
    const double best = *std::max_element(contender.rates.begin(), contender.rates.end());
    std::printf("%-9s %-36s %7.1f %-5s  %5.1f%% of the peak, best window %5.1f%%\n",
                contender.cold ? "cold" : "in cache", contender.name.c_str(), median * 1e-9,
                contender.cold ? "GB/s" : "GOP/s", 100 * median / (contender.cold ? read : int8),
                100 * best / (contender.cold ? read : int8));
  }
  return 0;
}
