#include "engines/onednn/int8_probe.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "engines/onednn/tiled_matmul.hpp"
#include "qgemm/error.hpp"

namespace qgemm::onednn {
namespace {

/// Sums of K products that are as large as int8 values allow, of both signs.
bool extreme_sums_are_exact() {
  constexpr Shape shape{.m = 2, .n = 64, .k = 256};
  TiledMatmul matmul({.shape = shape, .threads = 1});
  matmul.allocate();

  // Rows of 255 and of 1, channels of 127 and −128 in turn.
  std::vector<std::uint8_t> a(static_cast<std::size_t>(shape.m * shape.k), 255);
  std::fill(a.begin() + shape.k, a.end(), std::uint8_t{1});
  Matrix w(DType::s8, shape.n, shape.k);
  for (std::int64_t n = 0; n < shape.n; ++n) {
    std::fill_n(w.row<std::int8_t>(n), shape.k, static_cast<std::int8_t>(n % 2 == 0 ? 127 : -128));
  }
  const PackedWeights packed(matmul.weight_layouts(), matmul.grid(), std::as_const(w).view(), 1, 1);

  bool exact = true;
  matmul.run(a.data(), packed, 0, nullptr, [&](const Tile& tile, void* results) {
    const auto* sums = static_cast<const std::int32_t*>(results);
    for (std::int64_t i = 0; i < tile.rows * tile.channels; ++i) {
      const std::int64_t row = tile.row + i / tile.channels, channel = tile.channel + i % tile.channels;
      const std::int64_t expected = shape.k * (row == 0 ? 255 : 1) * (channel % 2 == 0 ? 127 : -128);
      exact = exact && sums[i] == expected;
    }
  });
  return exact;
}

Support probe() {
  try {
    if (extreme_sums_are_exact()) return Support::yes();
  } catch (const Unavailable& error) {
    return Support::no(error.what());
  }
  return Support::no("oneDNN " + library_version() +
                     " saturates int8 sums on this CPU, which has no VNNI instructions, and would give wrong results: "
                     "use another engine");
}

}  // namespace

const Support& int8_support() {
  static const Support support = probe();
  return support;
}

}  // namespace qgemm::onednn
