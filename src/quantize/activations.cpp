#include "quantize/activations.hpp"

#include <cstdint>
#include <optional>

#include "qgemm/error.hpp"
#include "quantize/quantize_rows.hpp"
#include "quantize/scale_rules.hpp"

namespace qgemm {
namespace {

constexpr const char* what = "activations";

}  // namespace

bool needs_static_scale(const Scheme& scheme) {
  return scheme.quantized() && scheme.activation_scale == ScaleGranularity::per_tensor && !scheme.dynamic_tensor;
}

bool scales_each_row(const Scheme& scheme, std::int64_t rows) {
  return scheme.quantized() && !needs_static_scale(scheme) &&
         (scheme.activation_scale == ScaleGranularity::per_token || rows == 1);
}

QuantizedActivations allocate_activations(const Scheme& scheme, std::int64_t m, std::int64_t k, Int8Form form) {
  QuantizedActivations out;
  out.values = Matrix(DType::s8, m, k);
  out.form = form;
  const std::size_t scales = scheme.activation_scale == ScaleGranularity::per_token ? static_cast<std::size_t>(m) : 1;
  out.scales.resize(scales);
  if (scheme.zero_point != ZeroPoint::none) out.azp.resize(scales);
  return out;
}

void quantize_activations(const Scheme& scheme, const std::optional<StaticScale>& given, const ConstMatrixView& a,
                          QuantizedActivations& out) {
  if (a.rows != out.values.rows() || a.cols != out.values.cols()) {
    throw InvalidInput("activations of " + std::to_string(a.rows) + " × " + std::to_string(a.cols) +
                       " do not fit the product, which takes " + std::to_string(out.values.rows()) + " × " +
                       std::to_string(out.values.cols()));
  }
  const ByteTarget target{out.values.row<std::uint8_t>(0), out.values.cols(),
                          static_cast<std::uint8_t>(out.form == Int8Form::u8_shifted ? 0x80 : 0)};
  if (scheme.activation_scale == ScaleGranularity::per_token) {
    quantize_by_row(a, target, out.scales.data(), out.azp.empty() ? nullptr : out.azp.data(), what);
    return;
  }
  StaticScale scale;
  if (needs_static_scale(scheme)) {
    if (!given) throw InvalidInput("a static activation scale has to be given for " + provider_name(scheme));
    scale = *given;
  } else {
    scale = scale_of(matrix_range(a, what), out.azp.empty());
  }
  quantize_by_scale(a, target, scale, what);
  out.scales[0] = scale.scale;
  if (!out.azp.empty()) out.azp[0] = scale.azp;
}

StaticScale calibrate(const Scheme& scheme, const ConstMatrixView& a, ScaleSource source) {
  const bool symmetric = scheme.zero_point == ZeroPoint::none;
  if (source == ScaleSource::constant) return {1.0F, 0};
  return scale_of(matrix_range(a, what), symmetric);
}

}  // namespace qgemm
