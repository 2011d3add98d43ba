#include "device_views.hpp"

#include <string>

#include "array_checks.hpp"

namespace qgemm::python {
namespace {

constexpr int managed = 13;  // DLPack's kDLCUDAManaged: memory that host and GPU share

DType checked_dtype(const char* name, const auto& array, int device) {
  const int type = array.device_type();
  const bool on_gpu = type == nb::device::cuda::value || type == managed;
  if (!on_gpu || array.device_id() != device) {
    const std::string where =
        on_gpu ? "on cuda:" + std::to_string(array.device_id())
               : (in_host_memory(type) ? "in the host's memory"
                                       : "on another device (DLPack's type " + std::to_string(type) + ")");
    throw InvalidInput(std::string(name) + " is " + where + " and others are on cuda:" + std::to_string(device) +
                       ": move it there");
  }
  return known_dtype(name, array.dtype());
}

void check_count(const char* name, const auto& array, std::int64_t count) {
  if (static_cast<std::int64_t>(array.size()) == count) return;
  throw InvalidInput(std::string(name) + " has " + std::to_string(array.size()) + " elements: give " +
                     std::to_string(count));
}

}  // namespace

ConstDeviceMatrixView device_matrix(const char* name, const Array& array, int device) {
  return rows_view<ConstDeviceMatrixView>(name, array, array.data(), checked_dtype(name, array, device));
}

DeviceMatrixView writable_device_matrix(const char* name, const WritableArray& array, int device) {
  return rows_view<DeviceMatrixView>(name, array, array.data(), checked_dtype(name, array, device));
}

ConstDeviceMatrixView transposed_device_matrix(const char* name, const Array& array, int device) {
  return transposed_view<ConstDeviceMatrixView>(name, array, array.data(), checked_dtype(name, array, device));
}

DeviceFloats device_floats(const char* name, const Array& array, int device) {
  check_dense(name, array, checked_dtype(name, array, device), DType::f32);
  return {static_cast<const float*>(array.data()), static_cast<std::int64_t>(array.size())};
}

DeviceIntegers device_integers(const char* name, const Array& array, int device) {
  check_dense(name, array, checked_dtype(name, array, device), DType::s32);
  return {static_cast<const std::int32_t*>(array.data()), static_cast<std::int64_t>(array.size())};
}

float* writable_device_floats(const char* name, const WritableArray& array, int device, std::int64_t count) {
  check_dense(name, array, checked_dtype(name, array, device), DType::f32);
  check_count(name, array, count);
  return static_cast<float*>(array.data());
}

std::int32_t* writable_device_integers(const char* name, const WritableArray& array, int device, std::int64_t count) {
  check_dense(name, array, checked_dtype(name, array, device), DType::s32);
  check_count(name, array, count);
  return static_cast<std::int32_t*>(array.data());
}

ConstDeviceMatrixView device_row(const char* name, const Array& array, int device) {
  const DType type = checked_dtype(name, array, device);
  if (type != DType::f32 && type != DType::bf16 && type != DType::f16) {
    throw InvalidInput(std::string(name) + " has to be bfloat16, float16 or float32");
  }
  check_dense(name, array, DType::f32, DType::f32);
  const auto count = static_cast<std::int64_t>(array.size());
  return {array.data(), type, 1, count, count};
}

nb::object device_array(void* data, const std::vector<std::size_t>& shape, const std::vector<std::int64_t>& strides,
                        const nb::dlpack::dtype& type, int device, nb::handle owner) {
  return nb::cast(nb::ndarray<nb::array_api, nb::device::cuda>(data, shape.size(), shape.data(), owner,
                                                               strides.empty() ? nullptr : strides.data(), type,
                                                               nb::device::cuda::value, device));
}

}  // namespace qgemm::python
