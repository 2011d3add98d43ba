#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <string>
#include <vector>

#include "qgemm/result.hpp"

namespace qgemm::cuda {

/// A GPU as the CUDA runtime tells of it.
struct Device {
  int ordinal = 0;   ///< Among the GPUs that CUDA_VISIBLE_DEVICES leaves.
  std::string name;  ///< "NVIDIA H100 80GB HBM3"
  std::string pci_bus_id, uuid;
  int major = 0, minor = 0;  ///< Compute capability.
  int multiprocessors = 0;
  std::int64_t l2_bytes = 0, memory_bytes = 0, shared_bytes_per_block = 0;
  int driver = 0, runtime = 0;  ///< CUDA versions, 13000 for 13.0.

  int capability() const { return 10 * major + minor; }
};

/// The GPUs this process may use; where there are none, `reason` is a sentence that says why and what to do.
struct Devices {
  std::vector<Device> list;
  std::string reason;
};

/// Never throws for a machine without a GPU or driver: that is a `reason`.
Devices find_devices();

/// Makes `device` the calling thread's; all later calls go to it. Throws `Unavailable` where it cannot be used (another
/// process has it for itself, it fell off the bus).
void use(const Device& device);

/// Bytes that are free on the current device now.
std::int64_t free_memory_bytes();

/// An attribute of the current device.
int attribute(cudaDeviceAttr which);
/// Multiprocessors of the current device.
int multiprocessors();

/// As `results.json` says it: kind, name, SM, L2, memory, versions.
DeviceInfo describe(const Device& device);

}  // namespace qgemm::cuda
