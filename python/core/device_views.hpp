#pragma once
#include <cstdint>
#include <vector>

#include "arrays.hpp"
#include "qgemm/device_arrays.hpp"

namespace qgemm::python {

/// Views of arrays in the memory of the GPU `device`, as those of arrays.hpp are of the host's: not copied, and
/// `InvalidInput` for an array that lies elsewhere or is not as it has to be.
ConstDeviceMatrixView device_matrix(const char* name, const Array& array, int device);
DeviceMatrixView writable_device_matrix(const char* name, const WritableArray& array, int device);
ConstDeviceMatrixView transposed_device_matrix(const char* name, const Array& array, int device);
DeviceFloats device_floats(const char* name, const Array& array, int device);
DeviceIntegers device_integers(const char* name, const Array& array, int device);
float* writable_device_floats(const char* name, const WritableArray& array, int device, std::int64_t count);
std::int32_t* writable_device_integers(const char* name, const WritableArray& array, int device, std::int64_t count);
/// One dense row of any number of dimensions, of f32, bf16 or f16: [1,N].
ConstDeviceMatrixView device_row(const char* name, const Array& array, int device);

/// An array over memory of a GPU that `owner` keeps. DLPack's stream is for who hands it on to see to.
nb::object device_array(void* data, const std::vector<std::size_t>& shape, const std::vector<std::int64_t>& strides,
                        const nb::dlpack::dtype& type, int device, nb::handle owner);

}  // namespace qgemm::python
