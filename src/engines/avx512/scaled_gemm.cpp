#include "engines/avx512/scaled_gemm.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>

#include "quantize/activations.hpp"
#include "quantize/cpu/row_kernels.hpp"
#include "quantize/quantize_rows.hpp"
#include "quantize/scale_rules.hpp"

namespace qgemm::avx512 {
namespace {

constexpr std::uint8_t flip = 0x80;  ///< Adding 128 modulo 256 flips the top bit.

/// The largest magnitude of a zero point with which Σₖ (qa − azp)·qw is an int32 for any activations and weights, so
/// that it may be taken modulo 2³²; negative where none is.
std::int64_t farthest_zero_point(std::int64_t k) {
  constexpr std::int64_t largest = 128;
  return std::numeric_limits<std::int32_t>::max() / largest / k - largest;
}

std::size_t scale_count(const GemmSpec& spec) {
  return spec.scheme.activation_scale == ScaleGranularity::per_token ? static_cast<std::size_t>(spec.shape.m) : 1;
}

}  // namespace

/// The first row that held NaN or infinity: exceptions cannot leave a parallel region.
class ScaledGemm::BadRow {
 public:
  void note(std::int64_t row) {
    std::int64_t seen = row_.load();
    while (row < seen && !row_.compare_exchange_weak(seen, row)) {
    }
  }
  bool any() const { return row_ != none; }
  void check() const {
    if (any()) throw_not_finite("activations", row_);
  }

 private:
  static constexpr std::int64_t none = std::numeric_limits<std::int64_t>::max();
  std::atomic<std::int64_t> row_{none};
};

ScaledGemm::ScaledGemm(const GemmSpec& spec, const Operands& operands, const TileKernel& kernel, int threads)
    : spec_(spec),
      operands_(&operands),
      kernel_(&kernel),
      threads_(threads),
      quantized_weights_(&operands.weights->quantized(spec.scheme.weight_scale)),
      weights_(
          shared_weights(*operands.weights, spec.scheme.weight_scale, kernel.channels, operands.weight_sets, threads)),
      product_(spec.shape, kernel, threads),
      packed_(product_.blocking(), spec.shape.m, spec.shape.k),
      scales_(scale_count(spec)),
      azp_(spec.scheme.zero_point == ZeroPoint::none ? 0 : scale_count(spec)),
      d_(spec.scheme.output, spec.shape.m, spec.shape.n) {
  const auto channels = static_cast<std::size_t>(product_.blocking().panels() * kernel.channels);
  padded_scales_ = quantized_weights_->scales;
  padded_scales_.resize(channels, padded_scales_.size() == 1 ? padded_scales_.front() : 0.0F);
  padded_colsum_ = quantized_weights_->colsum;
  padded_colsum_.resize(channels, 0);
  padded_bias_ = operands.bias;
  if (!padded_bias_.empty()) padded_bias_.resize(channels, 0.0F);
  for (int thread = 0; thread < threads; ++thread) rows_.emplace_back(static_cast<std::size_t>(spec.shape.k));
  if (operands.quantized != nullptr) {
    pack_given();
  } else if (!spec.scheme.quantizes_inside()) {
    launch_quantize();
  }
}

std::string ScaledGemm::kernel() const {
  return std::string(kernel_->name) + "_u8s8_" + std::to_string(kernel_->rows) + "x" +
         std::to_string(kernel_->channels);
}

void ScaledGemm::pack_given() {
  const QuantizedActivations& given = *operands_->quantized;
  scales_ = given.scales;
  azp_ = given.azp;
  auto* row = rows_.front().as<std::uint8_t>();
  const std::uint8_t change = given.form == Int8Form::s8 ? flip : 0;
  for (std::int64_t tile = 0; tile < product_.blocking().tiles(); ++tile) {
    const Range rows = product_.blocking().tile_rows(tile);
    for (std::int64_t m = rows.first; m < rows.end; ++m) {
      const auto* from = given.values.row<std::uint8_t>(m);
      std::transform(from, from + spec_.shape.k, row,
                     [change](std::uint8_t byte) { return static_cast<std::uint8_t>(byte ^ change); });
      packed_.store_row(tile, m - rows.first, row);
    }
  }
}

void ScaledGemm::find_scale() {
  unpacked_.reset();
  const Scheme& scheme = spec_.scheme;
  if (scheme.activation_scale == ScaleGranularity::per_token) return;
  const StaticScale scale = needs_static_scale(scheme)
                                ? operands_->static_scale.value()
                                : scale_of(matrix_range(operands_->activations, "activations"), azp_.empty());
  scales_[0] = scale.scale;
  if (!azp_.empty()) azp_[0] = scale.azp;
}

bool ScaledGemm::quantize_rows(int thread, int threads, BadRow& bad) {
  const Blocking& blocking = product_.blocking();
  const bool per_token = spec_.scheme.activation_scale == ScaleGranularity::per_token;
  const bool symmetric = azp_.empty();
  auto* const q = rows_[static_cast<std::size_t>(thread)].as<std::uint8_t>();
  const Range share = part_of(spec_.shape.m, threads, thread);
  std::int64_t tile = share.first * blocking.tiles() / spec_.shape.m;  // the tile of the first row, or one near it
  while (tile > 0 && blocking.tile_rows(tile).first > share.first) --tile;
  for (std::int64_t m = share.first; m < share.end; ++m) {
    while (blocking.tile_rows(tile).end <= m) ++tile;
    bool finite = false;
    if (per_token) {
      const auto at = static_cast<std::size_t>(m);
      finite = quantize_row_by_range(operands_->activations, m, q, flip, scales_[at], symmetric ? nullptr : &azp_[at]);
    } else {
      finite = quantize_row_by_scale(operands_->activations, m, q, flip, {scales_[0], symmetric ? 0 : azp_[0]});
    }
    if (!finite) {
      bad.note(m);
      return false;
    }
    packed_.store_row(tile, m - blocking.tile_rows(tile).first, q);
  }
  return true;
}

void ScaledGemm::launch(int set) {
  if (!spec_.scheme.quantizes_inside()) {
    launch_product(set);
    return;
  }
  find_scale();
  BadRow bad;
  multiply(set, [&](int thread, int threads) { return quantize_rows(thread, threads, bad); });
  bad.check();
}

void ScaledGemm::launch_quantize() {
  find_scale();
  BadRow bad;
#pragma omp parallel num_threads(threads_)
  quantize_rows(omp_get_thread_num(), omp_get_num_threads(), bad);
  bad.check();
}

void ScaledGemm::launch_product(int set) { multiply(set, {}); }

void ScaledGemm::multiply(int set, const Product::Preparation& prepare) {
  FusedResult fused;
  fused.scale_a = scales_;
  fused.azp = azp_;
  fused.farthest_azp = farthest_zero_point(spec_.shape.k);
  fused.colsum = padded_colsum_.data();
  fused.scale_w = padded_scales_.data();
  if (!padded_bias_.empty()) fused.bias = padded_bias_.data();
  fused.d = d_.view();
  product_.run(
      packed_, *weights_, set, prepare, [this](const SumsTile& tile) { dequantize(tile); }, &fused);
}

void ScaledGemm::dequantize(const SumsTile& tile) {
  const QuantizedWeights& w = *quantized_weights_;
  const MatrixView d = d_.view();
  const auto element_size = static_cast<std::int64_t>(size_of(d.dtype));
  const auto value_at = [](const auto& values, std::int64_t i) {
    return values.size() == 1 ? values[0] : values[static_cast<std::size_t>(i)];
  };
  const auto from_row_kernel = row_kernels().dequantize[kernel_index(d.dtype)];
  RowEpilogue row{};
  row.scale_w_stride = w.scales.size() == 1 ? 0 : 1;
  row.scale_w = w.scales.data() + row.scale_w_stride * tile.channel;
  row.colsum = w.colsum.data() + tile.channel;
  row.bias = operands_->bias.empty() ? nullptr : operands_->bias.data() + tile.channel;
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    const std::int64_t m = tile.row + r;
    row.scale_a = value_at(scales_, m);
    row.azp = azp_.empty() ? 0 : value_at(azp_, m);
    row.azp_fits_32 = std::abs(std::int64_t{row.azp}) <= farthest_zero_point(spec_.shape.k);
    from_row_kernel(tile.values + r * tile.stride, tile.channels, row,
                    static_cast<std::byte*>(d.data) + (m * d.stride + tile.channel) * element_size);
  }
}

const QuantizedActivations* ScaledGemm::activations() const {
  if (operands_->quantized != nullptr) return operands_->quantized;
  if (!unpacked_) {
    unpacked_ = allocate_activations(spec_.scheme, spec_.shape.m, spec_.shape.k, Int8Form::u8_shifted);
    unpacked_->scales = scales_;
    unpacked_->azp = azp_;
    const Blocking& blocking = product_.blocking();
    for (std::int64_t tile = 0; tile < blocking.tiles(); ++tile) {
      const Range rows = blocking.tile_rows(tile);
      for (std::int64_t m = rows.first; m < rows.end; ++m) {
        packed_.load_row(tile, m - rows.first, unpacked_->values.row<std::uint8_t>(m));
      }
    }
  }
  return &*unpacked_;
}

bool ScaledGemm::accumulate(std::span<std::int32_t> sums) {
  product_.run(packed_, *weights_, 0, {}, [&](const SumsTile& tile) {
    for (std::int64_t r = 0; r < tile.rows; ++r) {
      std::copy_n(tile.values + r * tile.stride, tile.channels,
                  sums.begin() + (tile.row + r) * spec_.shape.n + tile.channel);
    }
  });
  return true;
}

}  // namespace qgemm::avx512
