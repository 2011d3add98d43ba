#pragma once
#include <memory>
#include <string>

#include "testbed/testbed.hpp"

namespace qgemm {

/// The device a sweep runs on; `note` is a sentence for the user where that needs one (no GPU: the CPU it is).
struct SelectedTestbed {
  std::unique_ptr<Testbed> testbed;
  std::string note;
};

/// By `options.device`: auto is the first GPU that works, else the CPU. Throws `Unavailable` where the device that was
/// asked for is not there, saying why; `InvalidInput` for a name that is none. `options` have to outlive the testbed.
SelectedTestbed select_testbed(const SweepOptions& options);
SelectedTestbed select_testbed(SweepOptions&&) = delete;

}  // namespace qgemm
