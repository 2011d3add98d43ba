// Quantization and products of arrays on a GPU: `device_arrays.hpp`. Arrays come as DLPack capsules that were asked for
// with the stream the work goes to.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "array_checks.hpp"
#include "device_views.hpp"
#include "parts.hpp"
#include "qgemm/error.hpp"

namespace qgemm::python {
namespace {

DeviceStream stream_of(int device, std::uintptr_t stream) {
  return {device, reinterpret_cast<void*>(stream)};  // NOLINT(performance-no-int-to-ptr): a handle travels as a number
}

void quantize_dynamic(const Array& x, const WritableArray& q, const WritableArray& scales,
                      const std::optional<WritableArray>& azp, bool per_token, int device, std::uintptr_t stream) {
  const ConstDeviceMatrixView from = device_matrix("input", x, device);
  const DeviceMatrixView to = writable_device_matrix("output", q, device);
  const std::int64_t count = per_token ? from.rows : 1;
  float* const scale_values = writable_device_floats("scales", scales, device, count);
  std::int32_t* const zeros = azp ? writable_device_integers("azp", *azp, device, count) : nullptr;
  const nb::gil_scoped_release others_may_run;
  (per_token ? quantize_per_token : quantize_per_tensor)(from, to, scale_values, zeros, stream_of(device, stream));
}

void quantize_with(const Array& x, const WritableArray& q, const Array& scale, const std::optional<Array>& azp,
                   int device, std::uintptr_t stream) {
  const ConstDeviceMatrixView from = device_matrix("input", x, device);
  const DeviceMatrixView to = writable_device_matrix("output", q, device);
  const DeviceFloats scales = device_floats("scale", scale, device);
  DeviceIntegers zeros;
  if (azp) zeros = device_integers("azp", *azp, device);
  for (const auto& [name, count] : {std::pair("scale", scales.count), std::pair("azp", azp ? zeros.count : 1)}) {
    if (count != 1) {
      throw InvalidInput(std::string(name) + " has " + std::to_string(count) +
                         " values: what is given is one for the whole matrix");
    }
  }
  const nb::gil_scoped_release others_may_run;
  quantize_static(from, to, scales.data, zeros.data, stream_of(device, stream));
}

void multiply(const Array& a, const Array& b, const Array& scale_a, const Array& scale_b, const WritableArray& d,
              const std::optional<Array>& bias, const std::optional<Array>& azp_adj, const std::optional<Array>& azp,
              int device, std::uintptr_t stream) {
  DeviceScaledProduct product;
  product.a = device_matrix("a", a, device);
  product.w = transposed_device_matrix("b", b, device);
  product.d = writable_device_matrix("output", d, device);
  product.scale_a = device_floats("scale_a", scale_a, device);
  product.scale_w = device_floats("scale_b", scale_b, device);
  if (azp_adj) product.azp_adj = device_integers("azp_adj", *azp_adj, device);
  if (azp) product.azp = device_integers("azp", *azp, device);
  if (bias) product.bias = device_row("bias", *bias, device);
  const nb::gil_scoped_release others_may_run;
  scaled_mm(product, stream_of(device, stream));
}

/// `qgemm::DeviceRunner` with the array it reads, which lives as long.
class BoundDeviceRunner {
 public:
  BoundDeviceRunner(const std::string& provider, Array a, const Array& w, const std::string& output,
                    const std::string& engine, int device, std::uintptr_t stream)
      : a_(std::move(a)), device_(device) {
    RunnerOptions options;
    options.engine = engine;
    options.output = output_dtype(output);
    const ConstDeviceMatrixView activations = device_matrix("a", a_, device), weights = device_matrix("b", w, device);
    const nb::gil_scoped_release others_may_run;
    runner_ =
        std::make_unique<DeviceRunner>(make_runner(provider, activations, weights, options, stream_of(device, stream)));
  }

  void call(std::uintptr_t stream) {
    const nb::gil_scoped_release others_may_run;
    (*runner_)(stream_of(device_, stream));
  }
  void check(std::uintptr_t stream) const {
    const nb::gil_scoped_release others_may_run;
    runner_->check(stream_of(device_, stream));
  }
  std::vector<float> activation_scales(std::uintptr_t stream) const {
    const nb::gil_scoped_release others_may_run;
    return runner_->activation_scales(stream_of(device_, stream));
  }
  DeviceMatrixView output() const { return runner_->output(); }
  int device() const { return device_; }
  std::string engine() const { return runner_->engine(); }
  std::string kernel() const { return runner_->kernel(); }

 private:
  Array a_;
  int device_;
  std::unique_ptr<DeviceRunner> runner_;
};

std::size_t bytes_of(const std::vector<std::size_t>& shape, DType type) {
  std::size_t bytes = size_of(type);
  for (const std::size_t extent : shape) bytes *= extent;
  return bytes;
}

/// Uninitialised, of a library that hands out no memory to write to. `dtype`: int8, uint8, int32, float32, …
nb::object empty_array(const std::vector<std::size_t>& shape, const std::string& dtype, int device) {
  const DType type = dtype == "int8"    ? DType::s8
                     : dtype == "uint8" ? DType::e4m3
                     : dtype == "int32" ? DType::s32
                                        : output_dtype(dtype);
  auto memory = std::make_unique<std::shared_ptr<void>>();
  {
    const nb::gil_scoped_release others_may_run;
    *memory = device_memory(bytes_of(shape, type), device);
  }
  void* const data = memory->get();
  const nb::capsule owner(memory.get(), [](void* kept) noexcept { delete static_cast<std::shared_ptr<void>*>(kept); });
  memory.release();  // NOLINT(bugprone-unused-return-value): the capsule has it now
  return device_array(data, shape, {}, dlpack_type(type), device, owner);
}

}  // namespace

void add_device_products(nb::module_& module) {
  module.def("gpus", [] {
    const Gpus found = find_gpus();
    return std::pair(found.names, found.reason);
  });
  module.def("device_empty", &empty_array, nb::arg("shape"), nb::arg("dtype"), nb::arg("device"));
  module.def("device_quantize_dynamic", &quantize_dynamic, nb::arg("input"), nb::arg("output"), nb::arg("scales"),
             nb::arg("azp").none(), nb::arg("per_token"), nb::arg("device"), nb::arg("stream"));
  module.def("device_quantize_static", &quantize_with, nb::arg("input"), nb::arg("output"), nb::arg("scale"),
             nb::arg("azp").none(), nb::arg("device"), nb::arg("stream"));
  module.def("device_scaled_mm", &multiply, nb::arg("a"), nb::arg("b"), nb::arg("scale_a"), nb::arg("scale_b"),
             nb::arg("output"), nb::arg("bias").none(), nb::arg("azp_adj").none(), nb::arg("azp").none(),
             nb::arg("device"), nb::arg("stream"));
  nb::class_<BoundDeviceRunner>(module, "DeviceRunner")
      .def(nb::init<const std::string&, Array, const Array&, const std::string&, const std::string&, int,
                    std::uintptr_t>(),
           nb::arg("provider"), nb::arg("a"), nb::arg("b"), nb::arg("output"), nb::arg("engine"), nb::arg("device"),
           nb::arg("stream"))
      .def("__call__", &BoundDeviceRunner::call, nb::arg("stream"))
      .def("check", &BoundDeviceRunner::check, nb::arg("stream"))
      .def("activation_scales", &BoundDeviceRunner::activation_scales, nb::arg("stream"))
      // The runner's own memory, which it keeps alive.
      .def("output",
           [](nb::handle self) {
             const auto& runner = nb::cast<const BoundDeviceRunner&>(self);
             const DeviceMatrixView d = runner.output();
             return device_array(d.data, {static_cast<std::size_t>(d.rows), static_cast<std::size_t>(d.cols)},
                                 {d.stride, 1}, dlpack_type(d.dtype), runner.device(), self);
           })
      .def_prop_ro("engine", &BoundDeviceRunner::engine)
      .def_prop_ro("kernel", &BoundDeviceRunner::kernel);
}

}  // namespace qgemm::python
