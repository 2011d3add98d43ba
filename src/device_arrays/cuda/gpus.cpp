#include "device_arrays/cuda/gpus.hpp"

#include "cuda/cuda_error.hpp"
#include "cuda/current_device.hpp"
#include "cuda/device_buffer.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

const cuda::Devices& devices() {
  static const cuda::Devices found = cuda::find_devices();
  return found;
}

}  // namespace

Gpus find_gpus() {
  Gpus out;
  for (const auto& device : devices().list) out.names.push_back(device.name);
  out.reason = devices().reason;
  return out;
}

const cuda::Device& gpu(int ordinal) {
  for (const auto& device : devices().list) {
    if (device.ordinal == ordinal) return device;
  }
  if (devices().list.empty()) throw Unavailable("no GPU can be used: " + devices().reason);
  throw InvalidInput("there is no GPU cuda:" + std::to_string(ordinal) +
                     ": the last one here is cuda:" + std::to_string(devices().list.back().ordinal));
}

std::shared_ptr<void> device_memory(std::size_t bytes, int device) {
  const cuda::CurrentDevice current(gpu(device).ordinal);
  auto buffer = std::make_shared<cuda::DeviceBuffer>(bytes);
  void* const data = buffer->data();
  return {std::move(buffer), data};
}

}  // namespace qgemm
