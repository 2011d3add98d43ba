#pragma once
#include <nanobind/nanobind.h>

namespace qgemm::python {

/// Each adds its functions and classes to the module.
void add_products(nanobind::module_& module);
void add_device_products(nanobind::module_& module);
void add_device_timing(nanobind::module_& module);
void add_sweeps(nanobind::module_& module);
void add_accuracy(nanobind::module_& module);

}  // namespace qgemm::python
