#pragma once

#include "engine/support.hpp"

namespace qgemm::onednn {

/// Whether oneDNN's int8 products are exact on this CPU, from a tiny one of extreme values run once. Without VNNI it
/// adds pairs of products in 16 bits, which saturate: 2 · 255 · 127 is past 32,767.
const Support& int8_support();

}  // namespace qgemm::onednn
