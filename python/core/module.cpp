// The native part of the Python package: what the public headers have, over arrays in the host's memory and on GPUs.
#include <nanobind/nanobind.h>

#include "parts.hpp"
#include "qgemm/error.hpp"
#include "qgemm/version.hpp"

namespace nb = nanobind;

NB_MODULE(_core, module) {
  using namespace qgemm;
  // Bad input is a ValueError, what this machine or build lacks a RuntimeError.
  nb::register_exception_translator([](const std::exception_ptr& thrown, void*) {
    try {
      std::rethrow_exception(thrown);
    } catch (const InvalidInput& error) {
      PyErr_SetString(PyExc_ValueError, error.what());
    } catch (const OutOfMemory& error) {
      PyErr_SetString(PyExc_MemoryError, error.what());
    } catch (const Error& error) {
      PyErr_SetString(PyExc_RuntimeError, error.what());
    }
  });
  python::add_products(module);
  python::add_device_products(module);
  python::add_device_timing(module);
  python::add_sweeps(module);
  python::add_accuracy(module);
}
