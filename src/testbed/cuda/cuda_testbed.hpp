#pragma once
#include <memory>

#include "cuda/device.hpp"
#include "testbed/testbed.hpp"

namespace qgemm::cuda {

/// One GPU, already the calling thread's (`cuda::use`).
std::unique_ptr<Testbed> make_testbed(const SweepOptions& options, const Device& device);

}  // namespace qgemm::cuda
