#pragma once
#include <stdexcept>
#include <string>

namespace qgemm {

/// Base of all exceptions the library throws. `what()` is one sentence that names the input and the remedy.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The caller gave something that cannot be used: a bad name, number, shape or file (program exit code 2).
class InvalidInput : public Error {
 public:
  using Error::Error;
};

/// This machine cannot do it: no such device, library or program, a full disk (program exit code 3).
class Unavailable : public Error {
 public:
  using Error::Error;
};

/// An allocation was refused, by the system or by the memory plan of a sweep.
class OutOfMemory : public Error {
 public:
  using Error::Error;
};

}  // namespace qgemm
