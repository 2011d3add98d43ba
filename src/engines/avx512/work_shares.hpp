#pragma once
#include <atomic>
#include <cstdint>
#include <memory>

namespace qgemm::avx512 {

/// Units of work [0, count), a contiguous share for each thread. A thread takes its own from the front, so that it
/// walks through memory in order and knows what comes next; when it has none left, those of the others from the back,
/// so that a thread that was held up holds up nobody for longer than a unit takes.
class WorkShares {
 public:
  explicit WorkShares(int threads)
      : threads_(threads), shares_(std::make_unique<Share[]>(static_cast<std::size_t>(threads))) {}

  /// Hands out [0, count) anew; while no thread takes any. `count` < 2³².
  void reset(std::int64_t count);
  /// The next unit for `thread`, or −1 where all are taken.
  std::int64_t take(int thread);
  /// What `thread` will be given next, most likely, or −1. Taken by nobody yet.
  std::int64_t peek(int thread) const;

 private:
  /// The first unit left in the upper half, the end of those left in the lower.
  struct alignas(64) Share {
    std::atomic<std::uint64_t> left{0};
  };
  int threads_;
  std::unique_ptr<Share[]> shares_;
};

}  // namespace qgemm::avx512
