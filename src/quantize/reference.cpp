#include "quantize/reference.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

#include "qgemm/error.hpp"

namespace qgemm::reference {
namespace {

float finite_element(const ConstMatrixView& x, std::int64_t r, std::int64_t c) {
  const float value = element(x, r, c);
  if (!std::isfinite(value)) throw InvalidInput("NaN or infinity in row " + std::to_string(r));
  return value;
}

template <class T>
T value_at(std::span<const T> values, std::int64_t index) {
  return values.size() == 1 ? values[0] : values[static_cast<std::size_t>(index)];
}

/// Element (r, c) of `values` from x, in the type that `values` has; s8: what was stored, e4m3: nothing to sum.
std::int32_t store_quantized(float x, const StaticScale& scale, const MatrixView& values, std::int64_t r,
                             std::int64_t c) {
  if (values.dtype == DType::e4m3) {
    values.row<E4M3>(r)[c] = quantize_value_e4m3(x, scale.scale);
    return 0;
  }
  return values.row<std::int8_t>(r)[c] = quantize_value(x, scale.scale, scale.azp);
}

}  // namespace

std::int8_t quantize_value(float x, float scale, std::int32_t azp) {
  const double quotient = scale == 0.0F ? 0.0 : static_cast<double>(std::clamp(x / scale, -0x1p30F, 0x1p30F));
  return static_cast<std::int8_t>(std::clamp(std::nearbyint(quotient) + azp, -128.0, 127.0));
}

E4M3 quantize_value_e4m3(float x, float scale) { return to_e4m3(scale == 0.0F ? 0.0F : x / scale); }

StaticScale scale_of_rows(const ConstMatrixView& x, std::int64_t first, std::int64_t last, bool symmetric, DType type) {
  float low = finite_element(x, first, 0), high = low;
  for (std::int64_t r = first; r < last; ++r) {
    for (std::int64_t c = 0; c < x.cols; ++c) {
      low = std::min(low, finite_element(x, r, c));
      high = std::max(high, finite_element(x, r, c));
    }
  }
  const float absmax = std::max(std::abs(low), std::abs(high));
  if (type == DType::e4m3) return {absmax / 448.0F, 0};
  if (symmetric || low == high) return {absmax / 127.0F, 0};
  float scale = (high - low) / 255.0F;
  if (std::isinf(scale)) scale = high / 255.0F - low / 255.0F;
  if (scale == 0.0F) return {};
  const float azp = std::clamp(std::nearbyint(-128.0F - low / scale), -0x1p30F, 0x1p30F);
  return {scale, static_cast<std::int32_t>(azp)};
}

QuantizedActivations quantize_activations(const Scheme& scheme, const std::optional<StaticScale>& given,
                                          const ConstMatrixView& a) {
  const bool symmetric = scheme.zero_point == ZeroPoint::none;
  const bool per_token = scheme.activation_scale == ScaleGranularity::per_token;
  QuantizedActivations out;
  out.values = Matrix(scheme.activation, a.rows, a.cols);
  StaticScale scale;
  if (!per_token) {
    scale = scheme.dynamic_tensor ? scale_of_rows(a, 0, a.rows, symmetric, scheme.activation) : given.value();
  }
  for (std::int64_t m = 0; m < a.rows; ++m) {
    if (per_token) scale = scale_of_rows(a, m, m + 1, symmetric, scheme.activation);
    if (per_token || m == 0) {
      out.scales.push_back(scale.scale);
      if (!symmetric) out.azp.push_back(scale.azp);
    }
    for (std::int64_t k = 0; k < a.cols; ++k) {
      store_quantized(finite_element(a, m, k), scale, out.values.view(), m, k);
    }
  }
  return out;
}

QuantizedWeights quantize_weights(const ConstMatrixView& w, ScaleGranularity granularity, ScaleSource source,
                                  DType type) {
  QuantizedWeights out;
  out.values = Matrix(type, w.rows, w.cols);
  StaticScale scale{1.0F, 0};
  if (granularity == ScaleGranularity::per_tensor) {
    if (source == ScaleSource::absmax) scale = scale_of_rows(w, 0, w.rows, true, type);
    out.scales = {scale.scale};
  }
  for (std::int64_t n = 0; n < w.rows; ++n) {
    if (granularity == ScaleGranularity::per_channel) {
      scale = scale_of_rows(w, n, n + 1, true, type);
      out.scales.push_back(scale.scale);
    }
    std::int32_t sum = 0;
    for (std::int64_t k = 0; k < w.cols; ++k) {
      sum += store_quantized(finite_element(w, n, k), scale, out.values.view(), n, k);
    }
    if (type == DType::s8) out.colsum.push_back(sum);
  }
  return out;
}

float dequantized(std::int32_t sum, std::int64_t m, std::int64_t n, const Epilogue& epilogue) {
  std::int64_t exact = sum;
  if (!epilogue.azp.empty()) {
    exact -= static_cast<std::int64_t>(value_at(epilogue.azp, m)) * epilogue.colsum[static_cast<std::size_t>(n)];
  }
  const float value = value_at(epilogue.scale_a, m) * (value_at(epilogue.scale_w, n) * static_cast<float>(exact));
  return epilogue.bias.empty() ? value : value + epilogue.bias[static_cast<std::size_t>(n)];
}

}  // namespace qgemm::reference
