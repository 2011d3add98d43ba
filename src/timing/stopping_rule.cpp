#include "timing/stopping_rule.hpp"

namespace qgemm {

void StoppingRule::add(double us, double seconds) {
  samples_.push_back(us);
  seconds_ += seconds;
  const auto enough = static_cast<std::size_t>(limits_.min_samples);
  if (samples_.size() < enough) {
    finished_ = seconds_ >= limits_.max_seconds * limits_.patience;
    return;
  }
  finished_ = seconds_ >= limits_.max_seconds || samples_.size() >= static_cast<std::size_t>(limits_.max_samples);
  if (!finished_ && samples_.size() >= next_look_) {
    finished_ = summary().noise_pct <= limits_.max_noise_pct;
    next_look_ = samples_.size() + samples_.size() / 10 + 1;
  }
}

bool StoppingRule::noisy() const {
  return samples_.size() < static_cast<std::size_t>(limits_.min_samples) || summary().noise_pct > limits_.max_noise_pct;
}

}  // namespace qgemm
