#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "cuda/nvml.hpp"

namespace qgemm::cuda {

/// What a stretch of time looked like to a GPU; empty where its driver does not tell.
struct GpuSummary {
  std::optional<double> sm_mhz, power_w, temperature_c;  ///< Means over the readings of that time.
  std::optional<std::string> throttle;                   ///< Every reason met in that time: `throttle_text`.
  int readings = 0;
};

/// Readings with their times, the oldest forgotten past a limit. Apart from the thread, so that it can be tested.
class GpuLog {
 public:
  using Clock = std::chrono::steady_clock;

  void add(Clock::time_point when, const GpuReading& reading);
  /// Over the readings of [from, to]; where there are none, the nearest one, unless it is more than `near` away.
  GpuSummary between(Clock::time_point from, Clock::time_point to) const;

  static constexpr std::size_t limit = 1U << 17U;  ///< About ten minutes at one reading every 5 ms.
  static constexpr std::chrono::milliseconds near{100};

 private:
  struct Entry {
    Clock::time_point when;
    GpuReading reading;
  };
  std::deque<Entry> entries_;
};

/// Reads a GPU's clock, power and temperature in a thread of its own, so that no call of the driver stands between
/// launches that are timed. Does nothing where the machine has no NVML.
class GpuWatch {
 public:
  /// A reading every `every`, or as often as the driver answers.
  explicit GpuWatch(const std::string& pci_bus_id, std::chrono::milliseconds every = std::chrono::milliseconds(5));
  GpuWatch(const GpuWatch&) = delete;
  GpuWatch& operator=(const GpuWatch&) = delete;
  ~GpuWatch() = default;  // asks the thread to stop and waits for it

  GpuSummary between(GpuLog::Clock::time_point from, GpuLog::Clock::time_point to) const;

 private:
  mutable std::mutex mutex_;
  GpuLog log_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace qgemm::cuda
