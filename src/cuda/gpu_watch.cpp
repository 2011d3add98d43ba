#include "cuda/gpu_watch.hpp"

#include <algorithm>
#include <condition_variable>
#include <stop_token>

namespace qgemm::cuda {
namespace {

class Mean {
 public:
  void add(const std::optional<double>& value) {
    if (!value) return;
    sum_ += *value;
    ++count_;
  }
  std::optional<double> value() const { return count_ > 0 ? std::optional(sum_ / count_) : std::nullopt; }

 private:
  double sum_ = 0;
  int count_ = 0;
};

}  // namespace

void GpuLog::add(Clock::time_point when, const GpuReading& reading) {
  entries_.push_back({when, reading});
  if (entries_.size() > limit) entries_.pop_front();
}

GpuSummary GpuLog::between(Clock::time_point from, Clock::time_point to) const {
  const auto earlier = [](const Entry& entry, Clock::time_point when) { return entry.when < when; };
  const auto later = [](Clock::time_point when, const Entry& entry) { return when < entry.when; };
  auto first = std::lower_bound(entries_.begin(), entries_.end(), from, earlier);
  auto last = std::upper_bound(first, entries_.end(), to, later);
  if (first == last) {  // a stretch shorter than the time between two readings: the nearer neighbour
    const bool after = last != entries_.end() && last->when - to <= near;
    const bool before = first != entries_.begin() && from - std::prev(first)->when <= near;
    if (before && (!after || from - std::prev(first)->when < last->when - to)) {
      --first;
    } else if (after) {
      ++last;
    }
  }
  Mean clock, power, temperature;
  std::optional<std::uint64_t> slowdown;
  for (auto entry = first; entry != last; ++entry) {
    clock.add(entry->reading.sm_mhz);
    power.add(entry->reading.power_w);
    temperature.add(entry->reading.temperature_c);
    if (entry->reading.slowdown) slowdown = slowdown.value_or(0) | *entry->reading.slowdown;
  }
  GpuSummary summary{clock.value(), power.value(), temperature.value(), std::nullopt, static_cast<int>(last - first)};
  if (slowdown) summary.throttle = throttle_text(*slowdown);
  return summary;
}

GpuWatch::GpuWatch(const std::string& pci_bus_id, std::chrono::milliseconds every) {
  const std::optional<GpuMonitor> monitor = GpuMonitor::open(pci_bus_id);
  if (!monitor) return;
  thread_ = std::jthread([this, monitor = *monitor, every](const std::stop_token& stop) {
    try {
      std::condition_variable_any stopped;
      std::mutex waiting;
      std::unique_lock lock(waiting);
      while (!stop.stop_requested()) {
        const GpuReading reading = monitor.read();
        {
          const std::scoped_lock guard(mutex_);
          log_.add(GpuLog::Clock::now(), reading);
        }
        stopped.wait_for(lock, stop, every, [] { return false; });
      }
    } catch (...) {  // no memory for a reading: the rows of this time say less, and are no worse for it
    }
  });
}

GpuSummary GpuWatch::between(GpuLog::Clock::time_point from, GpuLog::Clock::time_point to) const {
  const std::scoped_lock guard(mutex_);
  return log_.between(from, to);
}

}  // namespace qgemm::cuda
