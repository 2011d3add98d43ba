#include "cuda/nvml.hpp"

#include <array>
#include <utility>

#include "cuda/shared_library.hpp"

namespace qgemm::cuda {
namespace {

// The few declarations of nvml.h that are needed: not every toolkit installs it, and its functions are looked up by
// name anyway. Values and layouts are part of NVML's stable interface.
using Status = int;
using DeviceHandle = void*;
constexpr Status success = 0;
constexpr int clock_sm = 1, clock_memory = 2;
constexpr int temperature_gpu = 0;
constexpr unsigned power_instant = 186;
constexpr int value_unsigned_int = 1;

struct FieldValue {
  unsigned field_id, scope_id;
  long long timestamp, latency_us;
  int value_type;
  Status status;
  union {
    double as_double;
    unsigned as_unsigned;
    unsigned long long as_wide;
  } value;
};
static_assert(sizeof(FieldValue) == 40);

struct Nvml {
  Status (*init)() = nullptr;
  Status (*driver_version)(char*, unsigned) = nullptr;
  Status (*handle_by_bus_id)(const char*, DeviceHandle*) = nullptr;
  Status (*clock)(DeviceHandle, int, unsigned*) = nullptr;
  Status (*max_clock)(DeviceHandle, int, unsigned*) = nullptr;
  Status (*power)(DeviceHandle, unsigned*) = nullptr;
  Status (*power_limit)(DeviceHandle, unsigned*) = nullptr;
  Status (*temperature)(DeviceHandle, int, unsigned*) = nullptr;
  Status (*slowdown)(DeviceHandle, unsigned long long*) = nullptr;
  Status (*fields)(DeviceHandle, int, FieldValue*) = nullptr;  // null with old drivers
};

/// Null where there is none. Stays initialised until the program ends.
const Nvml* find_nvml() {
  static const std::optional<Nvml> table = []() -> std::optional<Nvml> {
    const SharedLibrary library("libnvidia-ml.so.1");
    Nvml n;
    const bool complete =
        library.find("nvmlInit_v2", n.init) && library.find("nvmlSystemGetDriverVersion", n.driver_version) &&
        library.find("nvmlDeviceGetHandleByPciBusId_v2", n.handle_by_bus_id) &&
        library.find("nvmlDeviceGetClockInfo", n.clock) && library.find("nvmlDeviceGetMaxClockInfo", n.max_clock) &&
        library.find("nvmlDeviceGetPowerUsage", n.power) &&
        library.find("nvmlDeviceGetEnforcedPowerLimit", n.power_limit) &&
        library.find("nvmlDeviceGetTemperature", n.temperature) &&
        (library.find("nvmlDeviceGetCurrentClocksEventReasons", n.slowdown) ||
         library.find("nvmlDeviceGetCurrentClocksThrottleReasons", n.slowdown));
    if (!complete || n.init() != success) return std::nullopt;
    library.find("nvmlDeviceGetFieldValues", n.fields);
    return n;
  }();
  return table ? &*table : nullptr;
}

/// The value a function gave, times `scale`.
template <class Function, class... Arguments>
std::optional<double> value_of(double scale, Function function, Arguments... arguments) {
  unsigned value = 0;
  if (function(arguments..., &value) != success) return std::nullopt;
  return scale * value;
}

constexpr double milli = 1e-3;

/// GetPowerUsage is the mean of a second on GPUs since Ampere, longer than most rows take.
std::optional<double> power_now(const Nvml& nvml, DeviceHandle device) {
  if (nvml.fields != nullptr) {
    FieldValue field{};
    field.field_id = power_instant;
    if (nvml.fields(device, 1, &field) == success && field.status == success &&
        field.value_type == value_unsigned_int) {
      return milli * field.value.as_unsigned;
    }
  }
  return value_of(milli, nvml.power, device);
}

}  // namespace

std::string throttle_text(std::uint64_t slowdown) {
  // Bit 0 is an idle GPU. Both thermal bits are one reason to a reader, and "hardware slowdown" is set beside the one
  // that caused it.
  constexpr std::array<std::pair<std::uint64_t, const char*>, 8> reasons{{{0x60, "thermal"},
                                                                          {0x80, "power brake"},
                                                                          {0x08, "hardware slowdown"},
                                                                          {0x04, "power cap"},
                                                                          {0x02, "clocks set by the user"},
                                                                          {0x10, "sync boost"},
                                                                          {0x100, "display clocks"},
                                                                          {0x600, "board limit"}}};
  std::string text;
  for (const auto& [bits, word] : reasons) {
    if ((slowdown & bits) == 0) continue;
    if (!text.empty()) text += ", ";
    text += word;
  }
  return text.empty() ? "none" : text;
}

std::optional<GpuMonitor> GpuMonitor::open(const std::string& pci_bus_id) {
  const Nvml* nvml = find_nvml();
  DeviceHandle device = nullptr;
  if (nvml == nullptr || nvml->handle_by_bus_id(pci_bus_id.c_str(), &device) != success) return std::nullopt;
  return GpuMonitor(device);
}

GpuReading GpuMonitor::read() const {
  const Nvml& nvml = *find_nvml();
  GpuReading reading;
  reading.sm_mhz = value_of(1, nvml.clock, device_, clock_sm);
  reading.power_w = power_now(nvml, device_);
  reading.temperature_c = value_of(1, nvml.temperature, device_, temperature_gpu);
  unsigned long long bits = 0;
  if (nvml.slowdown(device_, &bits) == success) reading.slowdown = bits;
  return reading;
}

std::optional<double> GpuMonitor::memory_mhz() const { return value_of(1, find_nvml()->clock, device_, clock_memory); }

std::optional<double> GpuMonitor::max_sm_mhz() const { return value_of(1, find_nvml()->max_clock, device_, clock_sm); }

std::optional<double> GpuMonitor::power_limit_w() const { return value_of(milli, find_nvml()->power_limit, device_); }

std::optional<std::string> driver_version() {
  const Nvml* nvml = find_nvml();
  std::array<char, 80> text{};
  if (nvml == nullptr || nvml->driver_version(text.data(), static_cast<unsigned>(text.size()) - 1) != success) {
    return std::nullopt;
  }
  return text.data();
}

}  // namespace qgemm::cuda
