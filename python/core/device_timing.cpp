// Streams, events and graphs of a GPU, for the timers.
#include <cstdint>

#include "parts.hpp"
#include "qgemm/device_arrays.hpp"

namespace qgemm::python {
namespace {

namespace nb = nanobind;

DeviceStream stream_of(int device, std::uintptr_t stream) {
  return {device, reinterpret_cast<void*>(stream)};  // NOLINT(performance-no-int-to-ptr): a handle travels as a number
}

}  // namespace

void add_device_timing(nb::module_& module) {
  module.def(
      "stream_wait",
      [](int device, std::uintptr_t later, std::uintptr_t earlier) {
        make_wait(stream_of(device, later), stream_of(device, earlier));
      },
      nb::arg("device"), nb::arg("later"), nb::arg("earlier"));
  module.def(
      "stream_synchronize", [](int device, std::uintptr_t stream) { wait_for(stream_of(device, stream)); },
      nb::arg("device"), nb::arg("stream"), nb::call_guard<nb::gil_scoped_release>());
  module.def(
      "flush_cache", [](int device, std::uintptr_t stream) { flush_cache(stream_of(device, stream)); },
      nb::arg("device"), nb::arg("stream"));
  nb::class_<OwnedDeviceStream>(module, "Stream")
      .def(nb::init<int>(), nb::arg("device"))
      .def_prop_ro("handle",
                   [](const OwnedDeviceStream& s) { return reinterpret_cast<std::uintptr_t>(s.get().handle); });
  nb::class_<DeviceEvent>(module, "Event")
      .def(nb::init<int>(), nb::arg("device"))
      .def(
          "record",
          [](DeviceEvent& event, int device, std::uintptr_t stream) { event.record(stream_of(device, stream)); },
          nb::arg("device"), nb::arg("stream"))
      .def("wait", &DeviceEvent::wait, nb::call_guard<nb::gil_scoped_release>())
      .def("microseconds_since", &DeviceEvent::microseconds_since, nb::arg("earlier"));
  nb::class_<DeviceGraph>(module, "Graph")
      .def_static(
          "capture",
          [](int device, std::uintptr_t stream, const nb::callable& enqueue) {
            return DeviceGraph::capture(stream_of(device, stream), [&enqueue] { enqueue(); });
          },
          nb::arg("device"), nb::arg("stream"), nb::arg("enqueue"))
      .def_prop_ro("empty", &DeviceGraph::empty)
      .def(
          "launch",
          [](const DeviceGraph& graph, int device, std::uintptr_t stream) { graph.launch(stream_of(device, stream)); },
          nb::arg("device"), nb::arg("stream"));
}

}  // namespace qgemm::python
