#pragma once
#include <nanobind/nanobind.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "qgemm/error.hpp"

// What calls that take options, and go on for long, share.
namespace qgemm::python {

/// The option of that name, where it was given.
template <class T>
void take(const nanobind::dict& options, const char* name, T& value) {
  if (!options.contains(name)) return;
  try {
    value = nanobind::cast<T>(options[name]);
  } catch (const nanobind::cast_error&) {
    throw InvalidInput(std::string(name) + " has a value of another type than it takes");
  }
}

/// Tells Python of each step, a function (done, all, seconds left) or None, and sets `stop` at Ctrl-C.
class Teller {
 public:
  Teller(const nanobind::object& progress, std::atomic<bool>& stop) : progress_(progress), stop_(stop) {}

  void tell(std::int64_t done, std::int64_t all, double seconds_left) const {
    const nanobind::gil_scoped_acquire with_python;
    try {
      if (PyErr_CheckSignals() != 0) throw nanobind::python_error();
      if (!progress_.is_none() && !stop_) progress_(done, all, seconds_left);
    } catch (const nanobind::python_error& error) {
      if (!error.matches(PyExc_KeyboardInterrupt)) throw;
      stop_ = true;
    }
  }

 private:
  const nanobind::object& progress_;
  std::atomic<bool>& stop_;
};

}  // namespace qgemm::python
