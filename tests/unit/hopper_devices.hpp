#pragma once
#include <cstdint>

#include "cuda/device.hpp"

namespace qgemm::testing {

/// What choices without a GPU at hand are made for.
inline cuda::Device hopper(const char* name, std::int64_t l2_mib) {
  cuda::Device device;
  device.name = name;
  device.major = 9;
  device.multiprocessors = 132;
  device.l2_bytes = l2_mib << 20;
  device.shared_bytes_per_block = 232448;
  return device;
}

inline cuda::Device h100() { return hopper("NVIDIA H100 80GB HBM3", 50); }
inline cuda::Device h200() { return hopper("NVIDIA H200", 60); }

}  // namespace qgemm::testing
