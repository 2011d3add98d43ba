#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace qgemm::cuda {

/// What a GPU does at one moment, as its driver tells; empty where it does not.
struct GpuReading {
  std::optional<double> sm_mhz;
  std::optional<double> power_w;  ///< Of this moment; of the last second where the driver has no other.
  std::optional<double> temperature_c;
  std::optional<std::uint64_t> slowdown;  ///< Reasons why the clock is not higher: NVML's bits, see `throttle_text`.
};

/// NVML's bits of clock event reasons as words: "power cap", "thermal, power cap", …; "none" where none is set. An idle
/// GPU's low clock is no reason.
std::string throttle_text(std::uint64_t slowdown);

/// A GPU's clocks, power and temperature through NVML, which comes with the driver and is opened at run time.
class GpuMonitor {
 public:
  /// `pci_bus_id`: as `Device::pci_bus_id`. Empty where this machine has no NVML or it does not know the GPU.
  static std::optional<GpuMonitor> open(const std::string& pci_bus_id);

  /// A few calls of the driver, 0.1 to 5 ms together: never between launches that are timed.
  GpuReading read() const;
  std::optional<double> memory_mhz() const;
  std::optional<double> max_sm_mhz() const;
  std::optional<double> power_limit_w() const;

 private:
  explicit GpuMonitor(void* device) : device_(device) {}
  void* device_ = nullptr;  // nvmlDevice_t
};

/// "580.95.05"; empty where there is no NVML.
std::optional<std::string> driver_version();

}  // namespace qgemm::cuda
