#include "engines/onednn/int8_gemm.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>

#include "engines/onednn/zero_points.hpp"
#include "quantize/activations.hpp"
#include "quantize/dequantize.hpp"

namespace qgemm::onednn {
namespace {

/// Values `first` … `first + count − 1` where there is one for each, the only one or none as they are.
template <class T>
std::span<const T> part(const std::vector<T>& values, std::int64_t first, std::int64_t count) {
  const std::span<const T> all(values);
  if (all.size() <= 1) return all;
  return all.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
}

std::span<const std::int32_t> channels_of(const std::vector<std::int32_t>& values, const Tile& tile) {
  return std::span(values).subspan(static_cast<std::size_t>(tile.channel), static_cast<std::size_t>(tile.channels));
}

/// What the unsigned form adds to each activation: a zero point that all of them share.
constexpr std::int32_t shift = 128;

/// Whether Σₖ (qa − azp)·qw is an int32 for every row, so that the zero points and the unsigned form's shift can be
/// taken off in one step modulo 2³²; else the difference has to be taken in 64 bits. It is for K up
/// to 65,535 and zero points of −128 … 127.
bool fits_int32(std::span<const std::int32_t> azp, std::int64_t k) {
  std::int64_t farthest = 0;
  for (const std::int32_t value : azp) farthest = std::max(farthest, std::abs(static_cast<std::int64_t>(value)));
  constexpr std::int64_t largest = 128, limit = std::numeric_limits<std::int32_t>::max() / largest;
  return largest + farthest <= limit / k;
}

/// The caller's own activations in the unsigned form.
QuantizedActivations shifted_copy(const Scheme& scheme, const QuantizedActivations& given) {
  const std::int64_t m = given.values.rows(), k = given.values.cols();
  QuantizedActivations copy = allocate_activations(scheme, m, k, Int8Form::u8_shifted);
  copy.scales = given.scales;
  copy.azp = given.azp;
  const auto* from = given.values.row<std::uint8_t>(0);
  // Adding 128 modulo 256 flips the top bit.
  std::transform(from, from + m * k, copy.values.row<std::uint8_t>(0),
                 [](std::uint8_t byte) { return static_cast<std::uint8_t>(byte ^ 0x80U); });
  return copy;
}

}  // namespace

TiledMatmul::Plan Int8Gemm::plan(const GemmSpec& spec, int threads) {
  return {.shape = spec.shape, .operand = DType::s8, .result = DType::s32, .threads = threads};
}

Int8Gemm::Int8Gemm(const GemmSpec& spec, const Operands& operands, int threads)
    : spec_(spec),
      operands_(&operands),
      quantized_weights_(&operands.weights->quantized(spec.scheme.weight_scale)),
      matmul_(plan(spec, threads)),
      bias_(operands.bias),
      d_(spec.scheme.output, spec.shape.m, spec.shape.n),
      epilogue_([this](const Tile& tile, void* sums) { dequantize(tile, static_cast<std::int32_t*>(sums)); }) {
  const PanelLayouts layouts = matmul_.weight_layouts();
  const bool per_channel = spec.scheme.weight_scale == ScaleGranularity::per_channel;
  weights_ = shared_panels(
      *operands.weights, per_channel ? "s8/channel" : "s8/tensor", layouts, matmul_.grid(), operands.weight_sets, [&] {
        return std::make_shared<const PackedWeights>(layouts, matmul_.grid(), quantized_weights_->values.view(),
                                                     operands.weight_sets, threads);
      });
  matmul_.allocate();
  if (operands.quantized != nullptr && operands.quantized->form == Int8Form::u8_shifted) {
    activations_ = operands.quantized;
    join_zero_points();
    return;
  }
  activations_ = &own_activations_;
  if (operands.quantized != nullptr) {
    own_activations_ = shifted_copy(spec.scheme, *operands.quantized);
    join_zero_points();
  } else {
    own_activations_ = allocate_activations(spec.scheme, spec.shape.m, spec.shape.k, Int8Form::u8_shifted);
    if (!spec.scheme.quantizes_inside()) launch_quantize();
  }
}

void Int8Gemm::launch(int set) {
  if (spec_.scheme.quantizes_inside()) launch_quantize();
  launch_product(set);
}

void Int8Gemm::launch_quantize() {
  quantize_activations(spec_.scheme, operands_->static_scale, operands_->activations, own_activations_);
  join_zero_points();
}

void Int8Gemm::join_zero_points() {
  const std::vector<std::int32_t>& azp = activations_->azp;
  at_once_ = fits_int32(azp, spec_.shape.k);
  zero_points_.assign(std::max<std::size_t>(azp.size(), 1), shift);
  if (at_once_)
    std::transform(azp.begin(), azp.end(), zero_points_.begin(), [](std::int32_t own) { return shift + own; });
}

void Int8Gemm::launch_product(int set) { matmul_.run(activations_->values.data(), *weights_, set, nullptr, epilogue_); }

void Int8Gemm::dequantize(const Tile& tile, std::int32_t* sums) {
  Epilogue epilogue;
  epilogue.scale_a = part(activations_->scales, tile.row, tile.rows);
  epilogue.scale_w = part(quantized_weights_->scales, tile.channel, tile.channels);
  epilogue.colsum = channels_of(quantized_weights_->colsum, tile);
  epilogue.bias = part(bias_, tile.channel, tile.channels);
  epilogue.azp = part(at_once_ ? zero_points_ : activations_->azp, tile.row, tile.rows);
  epilogue.fits_int32 = at_once_;
  if (!at_once_) {
    // The unsigned form's part comes off first, modulo 2³²; the zero points' own part is for 64 bits.
    for (std::int64_t row = 0; row < tile.rows; ++row) {
      subtract_zero_point(shift, epilogue.colsum, sums + row * tile.channels);
    }
  }
  MatrixView d = d_.view();
  d.data = static_cast<std::byte*>(d.data) +
           (tile.row * d.stride + tile.channel) * static_cast<std::int64_t>(size_of(d.dtype));
  d.rows = tile.rows;
  d.cols = tile.channels;
  dequantize_rows(sums, tile.channels, epilogue, 0, tile.rows, d);
}

bool Int8Gemm::accumulate(std::span<std::int32_t> sums) {
  matmul_.run(activations_->values.data(), *weights_, 0, nullptr, [&](const Tile& tile, void* results) {
    auto* from = static_cast<std::int32_t*>(results);
    for (std::int64_t r = 0; r < tile.rows; ++r, from += tile.channels) {
      subtract_zero_point(shift, channels_of(quantized_weights_->colsum, tile), from);
      std::copy_n(from, tile.channels, sums.begin() + (tile.row + r) * spec_.shape.n + tile.channel);
    }
  });
  return true;
}

}  // namespace qgemm::onednn
