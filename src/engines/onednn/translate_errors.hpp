#pragma once
#include <dnnl.hpp>
#include <string>

#include "qgemm/error.hpp"

namespace qgemm::onednn {

/// Throws oneDNN's failure as one of ours. `doing`: what was tried, "compiling a product".
[[noreturn]] inline void throw_translated(const dnnl::error& error, const std::string& doing) {
  const std::string why = doing + " with oneDNN failed: ";
  if (error.status == dnnl_out_of_memory) throw OutOfMemory(why + "not enough memory");
  if (error.status == dnnl_unimplemented) throw Unavailable(why + "this version has no kernel for it on this CPU");
  throw Error(why + error.what());
}

/// Runs `action`, whose oneDNN errors leave as `OutOfMemory`, `Unavailable` or `Error`.
template <class Action>
auto translate_errors(const std::string& doing, Action&& action) -> decltype(action()) {
  try {
    return action();
  } catch (const dnnl::error& error) {
    throw_translated(error, doing);
  }
}

}  // namespace qgemm::onednn
