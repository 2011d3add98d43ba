#pragma once
#include <nanobind/nanobind.h>

#include <atomic>
#include <memory>

#include "qgemm/external.hpp"

namespace qgemm::python {

/// A provider of `qgemm.external` (an `External`) behind the library's contract. May be used and destroyed without the
/// interpreter's lock. A KeyboardInterrupt in its code sets `stop`, where that is given; it outlives the external.
std::shared_ptr<const ExternalEngine> external_of(nanobind::object external, std::atomic<bool>* stop);

/// Throws what Python has raised as the library does: ValueError and TypeError as `InvalidInput` where `given` is true
/// (what was given was bad), MemoryError as `OutOfMemory`, NotImplementedError, ImportError and RuntimeError as
/// `Unavailable` where `given`, NotImplementedError alone where not; the rest, KeyboardInterrupt too, as `Error`.
[[noreturn]] void rethrow(const nanobind::python_error& error, bool given);

}  // namespace qgemm::python
