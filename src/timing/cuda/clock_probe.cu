#include <algorithm>

#include "cuda/cuda_error.hpp"
#include "cuda/device.hpp"
#include "timing/cuda/clock_probe.hpp"

namespace qgemm::cuda {
namespace {

using Word = unsigned long long;

__global__ void mark(Word* marks, int most) {
  unsigned sm = 0;
  Word now = 0;
  asm volatile("mov.u32 %0, %%smid;" : "=r"(sm));
  if (static_cast<int>(sm) >= most) return;
  const auto cycles = static_cast<Word>(clock64());
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
  marks[2 * sm] = cycles;
  marks[2 * sm + 1] = now;
}

}  // namespace

ClockProbe::ClockProbe() : blocks_(multiprocessors()) {
  void* host = nullptr;
  const std::size_t bytes = 4 * sizeof(Word) * static_cast<std::size_t>(blocks_);
  check(cudaHostAlloc(&host, bytes, cudaHostAllocDefault));
  marks_.reset(static_cast<Word*>(host));
  std::fill_n(marks_.get(), 4 * blocks_, 0);
}

void ClockProbe::enqueue(int which, cudaStream_t stream) const {
  mark<<<blocks_, 32, 0, stream>>>(marks_.get() + 2 * which * blocks_, blocks_);
  check_launch();
}

std::optional<double> ClockProbe::mhz() const {
  double cycles = 0, nanoseconds = 0;
  for (int sm = 0; sm < blocks_; ++sm) {
    const Word *begin = marks_.get() + 2 * sm, *end = begin + 2 * blocks_;
    if (begin[1] == 0 || end[1] <= begin[1] || end[0] <= begin[0]) continue;
    cycles += static_cast<double>(end[0] - begin[0]);
    nanoseconds += static_cast<double>(end[1] - begin[1]);
  }
  if (nanoseconds == 0) return std::nullopt;
  return cycles / nanoseconds * 1e3;
}

}  // namespace qgemm::cuda
