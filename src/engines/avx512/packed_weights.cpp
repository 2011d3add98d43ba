#include "engines/avx512/packed_weights.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

namespace qgemm::avx512 {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// Channels [first, first + channels) of `w` into `to`; those past its end are zeros.
void pack_panel(const ConstMatrixView& w, std::int64_t first, int channels, std::int64_t panel_bytes, std::int8_t* to) {
  const std::int64_t here = std::min<std::int64_t>(channels, w.rows - first);
  const std::int64_t whole_groups = w.cols / group_values, rest = w.cols % group_values;
  if (here < channels || whole_groups * group_values * channels < panel_bytes) {
    std::memset(to, 0, static_cast<std::size_t>(panel_bytes));
  }
  const std::int64_t step = channels * group_values;
  for (std::int64_t channel = 0; channel < here; ++channel) {
    const auto* from = w.row<std::int8_t>(first + channel);
    std::int8_t* at = to + channel * group_values;
    for (std::int64_t group = 0; group < whole_groups; ++group) {
      std::memcpy(at + group * step, from + group * group_values, group_values);
    }
    std::memcpy(at + whole_groups * step, from + whole_groups * group_values, static_cast<std::size_t>(rest));
  }
}

}  // namespace

std::int64_t PackedWeights::bytes_of_one(std::int64_t n, std::int64_t k, int channels) {
  return ceil_div(n, channels) * channels * ceil_div(k, chunk_values) * chunk_values;
}

PackedWeights::PackedWeights(const ConstMatrixView& w, const std::vector<std::int32_t>& colsum, int channels, int sets,
                             int threads)
    : channels_(channels),
      panels_(ceil_div(w.rows, channels)),
      panel_bytes_(bytes_of_one(1, w.cols, channels)),
      compensation_(static_cast<std::size_t>(panels_ * channels) * sizeof(std::int32_t)) {
  for (int set = 0; set < sets; ++set) buffers_.emplace_back(static_cast<std::size_t>(panels_ * panel_bytes_));
  auto* start = compensation_.as<std::int32_t>();
  std::fill_n(start, panels_ * channels, 0);
  // Modulo 2³²: what the sums leave int32 by on the way they come back by.
  std::transform(colsum.begin(), colsum.end(), start, [](std::int32_t sum) {
    return static_cast<std::int32_t>(0U - 128U * static_cast<std::uint32_t>(sum));
  });
  const std::int64_t panels = panels_, panel_bytes = panel_bytes_;
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::int64_t i = 0; i < panels * sets; ++i) {
    const std::int64_t panel_index = i % panels;
    std::int8_t* to = buffers_[static_cast<std::size_t>(i / panels)].as<std::int8_t>() + panel_index * panel_bytes;
    pack_panel(w, panel_index * channels, channels, panel_bytes, to);
  }
}

std::shared_ptr<const PackedWeights> shared_weights(const LayerWeights& weights, ScaleGranularity granularity,
                                                    int channels, int sets, int threads) {
  const bool per_channel = granularity == ScaleGranularity::per_channel;
  const std::string key = std::string("avx512/s8/") + (per_channel ? "channel" : "tensor") + "/panels of " +
                          std::to_string(channels) + "/" + std::to_string(sets);
  return weights.packed<const PackedWeights>(key, [&] {
    const QuantizedWeights& quantized = weights.quantized(granularity);
    return std::make_shared<const PackedWeights>(quantized.values.view(), quantized.colsum, channels, sets, threads);
  });
}

}  // namespace qgemm::avx512
