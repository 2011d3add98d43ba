#pragma once
#include <memory>

#include "engine/engine.hpp"

namespace qgemm::onednn {

/// The distribution's oneDNN (2.6 or the 3.x API): bf16, f32 and the INT8 schemes, with our own quantization and, for
/// per-token scales and zero points, our own epilogue.
std::unique_ptr<HostEngine> make_engine();

}  // namespace qgemm::onednn
