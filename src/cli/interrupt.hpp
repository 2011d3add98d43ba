#pragma once
#include <atomic>

namespace qgemm::cli {

/// While it lives, the first Ctrl-C (or SIGTERM) sets a flag that a sweep looks at; a second one, a second
/// or more later, ends the program.
class Interrupt {
 public:
  Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  ~Interrupt();
  const std::atomic<bool>* flag() const;
  bool seen() const { return flag()->load(); }
};

}  // namespace qgemm::cli
