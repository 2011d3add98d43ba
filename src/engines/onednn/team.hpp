#pragma once
#include <omp.h>

#include <atomic>
#include <cstdint>
#include <exception>

namespace qgemm::onednn {

/// Calls `work(thread, i)` for all i of [0, count), in rising order to whichever of `threads` OpenMP threads is free.
/// An exception leaves here when all threads have stopped; the first one where there are several.
template <class Work>
void share_out(int threads, std::int64_t count, Work&& work) {
  std::exception_ptr failure;
  std::atomic<bool> failed{false};
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
  for (std::int64_t i = 0; i < count; ++i) {
    if (failed.load(std::memory_order_relaxed)) continue;
    try {
      work(omp_get_thread_num(), i);
    } catch (...) {
      if (!failed.exchange(true)) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace qgemm::onednn
