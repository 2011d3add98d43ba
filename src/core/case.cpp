#include "core/case.hpp"

#include <cstdint>
#include <limits>

namespace qgemm {

std::int64_t moved_bytes(const GemmSpec& spec) {
  const auto& [m, n, k] = spec.shape;
  const Scheme& scheme = spec.scheme;
  const auto weight = static_cast<std::int64_t>(size_of(scheme.weight));
  const auto activation =
      static_cast<std::int64_t>(scheme.quantizes_inside() ? size_of(DType::bf16) : size_of(scheme.activation));
  // Two sizes of 2^31, which no memory holds but a file may name, would leave 64 bits.
  const auto real = [](std::int64_t value) { return static_cast<double>(value); };
  if (real(n) * real(k) + real(m) * real(k) + real(m) * real(n) > 1e18)
    return std::numeric_limits<std::int64_t>::max() / 2;
  std::int64_t bytes = n * k * weight + m * k * activation + m * n * static_cast<std::int64_t>(size_of(scheme.output));
  if (scheme.quantized()) {
    bytes += 4 * (scheme.weight_scale == ScaleGranularity::per_channel ? n : 1);
    bytes += 4 * (scheme.activation_scale == ScaleGranularity::per_token ? m : 1);
  }
  if (spec.bias) bytes += n * static_cast<std::int64_t>(size_of(scheme.output));
  return bytes;
}

double operations_per_byte(const GemmSpec& spec) { return spec.shape.flops() / static_cast<double>(moved_bytes(spec)); }

Result row_of(const Case& c) {
  Result row;
  row.model = c.model;
  row.layer = c.layer;
  row.tp = c.tp;
  row.shape = c.spec.shape;
  row.provider = c.provider;
  row.engine = c.engine;
  row.cache = c.cache;
  return row;
}

}  // namespace qgemm
