#include "timing/cpu_timer.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>

namespace qgemm {
namespace {

constexpr double sample_seconds = 100e-6;

}  // namespace

CpuTimer::CpuTimer(std::function<void(int)> call, int sets, bool hot, double one_call_seconds)
    : call_(std::move(call)),
      sets_(sets),
      hot_(hot),
      calls_(std::clamp<std::int64_t>(std::llround(std::ceil(sample_seconds / std::max(one_call_seconds, 1e-9))), 1,
                                      10'000)) {}

CpuTimer::Sample CpuTimer::sample() {
  const double entered = now_seconds();
  if (hot_) call_(next_set());
  const double started = now_seconds();
  for (std::int64_t i = 0; i < calls_; ++i) call_(next_set());
  const double ended = now_seconds();
  return {(ended - started) * 1e6 / static_cast<double>(calls_), ended - entered};
}

}  // namespace qgemm
