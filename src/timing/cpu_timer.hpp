#pragma once
#include <chrono>
#include <cstdint>
#include <functional>

namespace qgemm {

/// Seconds on a clock that only goes forward.
inline double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Times calls of one prepared product on the calling thread's clock. A sample is the mean of as many calls as fill
/// `sample_seconds`, so that reading the clock (tens of nanoseconds) stays far below a percent; each call uses the next
/// copy of the weights.
class CpuTimer {
 public:
  /// `call(set)` runs the product on weight copy `set`; `sets` ≥ 1. With `hot`, an untimed call precedes each sample,
  /// since other products ran in between. `one_call_seconds`: what a warmed-up call takes, roughly.
  CpuTimer(std::function<void(int)> call, int sets, bool hot, double one_call_seconds);

  struct Sample {
    double us;       ///< One call.
    double seconds;  ///< What taking the sample cost.
  };
  Sample sample();
  /// The copy the last call used.
  int last_set() const { return last_set_; }

 private:
  int next_set() { return last_set_ = (last_set_ + 1) % sets_; }

  std::function<void(int)> call_;
  int sets_;
  bool hot_;
  std::int64_t calls_;
  int last_set_ = -1;
};

}  // namespace qgemm
