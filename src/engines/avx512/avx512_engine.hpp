#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "engine/engine.hpp"

namespace qgemm::avx512 {

/// Our own INT8 products for x86-64: the widest kernel this CPU has, of AMX-INT8, AVX-512 VNNI, AVX-VNNI and AVX2.
/// Exact sums, all INT8 schemes; everything else is unsupported, with a reason.
std::unique_ptr<HostEngine> make_engine();

/// The same by the kernel of that name alone, under the name "avx512-<kernel>": for tests of kernels that this CPU
/// would not choose. Supports nothing where the CPU cannot run it. Throws `InvalidInput` for a name that no kernel has.
std::unique_ptr<HostEngine> make_engine(std::string_view kernel);

/// The kernels of this build, best first.
std::vector<std::string_view> kernel_names();

}  // namespace qgemm::avx512
