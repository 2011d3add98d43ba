#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "limits/peak_kernels.hpp"
#include "limits/stream_kernels.hpp"
#include "qgemm/matrix.hpp"

namespace qgemm {

/// One way to reach a limit. A limit with several contenders has the best one's value.
struct Contender {
  std::string limit, unit, method;
  double scale = 1;  ///< From work a second to `unit`.
  /// Does a piece of work on one thread of the team, some microseconds long, and returns how much (operations, bytes).
  std::function<double(int thread)> work;
  /// Pieces each thread does before the clock starts: a cache's contenders bring their working set in again.
  std::size_t warm_up = 1;
  double best = 0;  ///< In `unit`, of all windows so far.
};

/// The rate of a team, all threads at once over a window of `seconds`: each does `warm_up` pieces untimed, then
/// repeats `work` until the window is over and counts by its own clock, so that no thread waits for another; the rates
/// are added.
double team_rate(int threads, double seconds, const std::function<double(int thread)>& work, std::size_t warm_up = 0);

/// Sizes of what the streams run over, bytes a thread; 0, to leave that limit out, or a multiple of `stream_block` and
/// at least four of them.
struct StreamSizes {
  std::size_t memory = 0;  ///< Each thread's part of the buffer, over which it goes round and round.
  std::size_t l3 = 0, l2 = 0;
};

/// What a team of these CPUs should run over: `memory` 4 × all last-level caches and at least 256 MiB together, no more
/// than a quarter of what is available (none where that is less than 2 × the caches); `l3` half of the cache over the
/// threads that share it, yet past what L2 can hold; `l2` half of it over the threads that share it.
StreamSizes choose_stream_sizes(const std::vector<int>& cpus);

/// The contenders, with the memory and the sums they work on.
class LimitBench {
 public:
  LimitBench(int threads, const CpuFeatures& features, const StreamSizes& sizes);

  /// One window of every contender, in turn: a disturbance of some time meets them all, and each has other chances.
  void run_round(double window_seconds);
  const std::vector<Contender>& contenders() const { return contenders_; }

 private:
  struct alignas(64) Sink {
    std::byte bytes[64];
  };
  void add_peaks(const CpuFeatures& features);
  void add_memory(const StreamKernels& kernels);
  void add_cache(const StreamKernels& kernels, const std::string& level, std::size_t working_set);
  /// The next `piece` of a thread's way round `length` bytes, as an offset.
  static std::size_t advance(std::size_t& position, std::size_t piece, std::size_t length);
  std::byte* memory_part(int thread) const { return buffer_.data() + static_cast<std::size_t>(thread) * part_; }
  /// Apart from the memory's: a cache's working set left in the cache would make the memory look fast.
  std::byte* cache_part(int thread) const { return memory_part(thread) + memory_bytes_; }
  void* sink(int thread) { return &sinks_[static_cast<std::size_t>(thread)]; }

  int threads_;
  PeakOperands operands_;
  std::size_t memory_bytes_, part_;  ///< One thread's memory stream; that and its cache streams.
  AlignedBuffer buffer_;
  std::vector<Sink> sinks_;             ///< One a thread, a cache line each.
  std::vector<std::size_t> positions_;  ///< How far each thread has come in its memory.
  std::vector<Contender> contenders_;
};

}  // namespace qgemm
