#pragma once
#include <atomic>
#include <cstdint>

#include "cuda/device.hpp"
#include "qgemm/quantize_cost.hpp"
#include "qgemm/scheme.hpp"

namespace qgemm::cuda {

/// The quantization of [m,k] by `scheme` on the current device, on the same buffers every call, checked on a few rows
/// against the reference; without `scheme`, `level` and `limit_share`. Samples end early once `stop` is set.
QuantizeCost measure_quantize_cost(const QuantizeCostOptions& options, const Scheme& scheme, std::int64_t m,
                                   std::int64_t k, const std::atomic<bool>* stop);

}  // namespace qgemm::cuda
