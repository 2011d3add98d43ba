#include "cuda/device.hpp"

#include <cuda_runtime_api.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "cuda/cuda_error.hpp"

namespace qgemm::cuda {
namespace {

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

/// Why there is no GPU, for the count's error.
std::string no_device_reason(cudaError_t status, int driver, int runtime) {
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  if (driver == 0) return "no NVIDIA driver was found on this machine";
  if (status == cudaErrorInsufficientDriver || driver < runtime / 1000 * 1000) {
    return "the NVIDIA driver is made for CUDA " + version_text(driver) + " and this build needs " +
           version_text(runtime / 1000 * 1000) + " or later: update the driver";
  }
  if (visible != nullptr && (status == cudaSuccess || status == cudaErrorNoDevice)) {
    return "CUDA_VISIBLE_DEVICES is '" + std::string(visible).substr(0, 64) + "' and leaves no GPU: unset it";
  }
  if (status == cudaSuccess || status == cudaErrorNoDevice) return "the NVIDIA driver sees no GPU on this machine";
  if (status == cudaErrorSystemDriverMismatch) {
    return "the NVIDIA driver's kernel module and its libraries are of different versions: reboot, or reinstall it";
  }
  return std::string("the GPU cannot be used: ") + cudaGetErrorString(status) + " (" + cudaGetErrorName(status) + ")";
}

std::string uuid_text(const cudaUUID_t& uuid) {
  constexpr const char* digits = "0123456789abcdef";
  std::string text = "GPU-";
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    const auto byte = static_cast<unsigned char>(uuid.bytes[i]);
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

Device read_device(int ordinal, int driver, int runtime) {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, ordinal));
  Device device;
  device.ordinal = ordinal;
  device.name = properties.name;
  std::array<char, 32> bus{};
  check(cudaDeviceGetPCIBusId(bus.data(), static_cast<int>(bus.size()), ordinal));
  device.pci_bus_id = bus.data();
  device.uuid = uuid_text(properties.uuid);
  device.major = properties.major;
  device.minor = properties.minor;
  device.multiprocessors = properties.multiProcessorCount;
  device.l2_bytes = properties.l2CacheSize;
  device.memory_bytes = static_cast<std::int64_t>(properties.totalGlobalMem);
  device.shared_bytes_per_block = static_cast<std::int64_t>(properties.sharedMemPerBlockOptin);
  device.driver = driver;
  device.runtime = runtime;
  return device;
}

}  // namespace

Devices find_devices() {
  Devices devices;
  int driver = 0, runtime = 0, count = 0;
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  const cudaError_t status = cudaGetDeviceCount(&count);
  cudaGetLastError();
  if (status != cudaSuccess || count == 0) {
    devices.reason = no_device_reason(status, driver, runtime);
    return devices;
  }
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    try {
      devices.list.push_back(read_device(ordinal, driver, runtime));
    } catch (const Error& error) {
      devices.reason = "GPU " + std::to_string(ordinal) + " cannot be used: " + error.what();
    }
  }
  return devices;
}

void use(const Device& device) {
  cudaError_t status = cudaSetDevice(device.ordinal);
  if (status == cudaSuccess) status = cudaFree(nullptr);  // makes the context: here it shows whether the GPU works
  if (status == cudaSuccess) return;
  cudaGetLastError();
  throw Unavailable("cuda:" + std::to_string(device.ordinal) + " (" + device.name +
                    ") cannot be used: " + cudaGetErrorString(status) + " (" + cudaGetErrorName(status) +
                    "); end the programs that hold it, or choose another with --device");
}

std::int64_t free_memory_bytes() {
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total));
  return static_cast<std::int64_t>(free);
}

int attribute(cudaDeviceAttr which) {
  int device = 0, value = 0;
  check(cudaGetDevice(&device));
  check(cudaDeviceGetAttribute(&value, which, device));
  return value;
}

int multiprocessors() { return attribute(cudaDevAttrMultiProcessorCount); }

DeviceInfo describe(const Device& device) {
  DeviceInfo info;
  info.kind = DeviceKind::cuda;
  info.name = device.name;
  info.properties = {{"ordinal", std::int64_t{device.ordinal}},
                     {"pci_bus_id", device.pci_bus_id},
                     {"uuid", device.uuid},
                     {"compute_capability", std::to_string(device.major) + "." + std::to_string(device.minor)},
                     {"multiprocessors", std::int64_t{device.multiprocessors}},
                     {"l2_bytes", device.l2_bytes},
                     {"memory_bytes", device.memory_bytes},
                     {"shared_bytes_per_block", device.shared_bytes_per_block},
                     {"cuda_driver", version_text(device.driver)},
                     {"cuda_runtime", version_text(device.runtime)}};
  return info;
}

}  // namespace qgemm::cuda
