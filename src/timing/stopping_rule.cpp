#include "timing/stopping_rule.hpp"

#include <algorithm>

namespace qgemm {

void StoppingRule::add(double us, double seconds) {
  samples_.push_back(us);
  seconds_ += seconds;
  judge();
}

void StoppingRule::drop_first(std::size_t count) {
  samples_.erase(samples_.begin(), samples_.begin() + static_cast<std::ptrdiff_t>(std::min(count, samples_.size())));
  next_look_ = 0;
  judge();
}

void StoppingRule::judge() {
  const auto enough = static_cast<std::size_t>(limits_.min_samples);
  if (samples_.size() < enough) {
    finished_ = seconds_ >= std::max(limits_.max_seconds * limits_.patience, limits_.least_patience);
    return;
  }
  if (seconds_ >= limits_.max_seconds || samples_.size() >= static_cast<std::size_t>(limits_.max_samples)) {
    finished_ = true;
  } else if (samples_.size() >= next_look_) {
    finished_ = summary().noise_pct <= limits_.max_noise_pct;
    next_look_ = samples_.size() + samples_.size() / 10 + 1;
  }
}

bool StoppingRule::noisy() const {
  return samples_.size() < static_cast<std::size_t>(limits_.min_samples) || summary().noise_pct > limits_.max_noise_pct;
}

}  // namespace qgemm
