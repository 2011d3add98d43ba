#include "outliers/quantized_forms.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <tuple>

#include "accuracy/metrics.hpp"
#include "outliers/sampled_sums.hpp"
#include "quantize/activations.hpp"
#include "quantize/quantize_rows.hpp"
#include "quantize/reference.hpp"
#include "quantize/weights.hpp"

namespace qgemm {
namespace {

/// One side of a product, quantized: codes of int8, or the values of E4M3 ones.
struct QuantizedSide {
  WideCodes codes;
  Matrix values;
  std::vector<float> scales;            ///< 1 or one a row.
  std::vector<std::int32_t> azp, sums;  ///< Zero points of activations; sums of the codes of weights.

  float scale(std::int64_t row) const { return scales.size() == 1 ? scales[0] : scales[static_cast<std::size_t>(row)]; }
};

/// E4M3 as the reference has it, a row at a time on all threads; `scales` 1 or one a row.
QuantizedSide quantize_to_e4m3(const ConstMatrixView& x, std::vector<float> scales) {
  QuantizedSide out;
  out.values = Matrix(DType::f32, x.rows, x.cols);
  out.scales = std::move(scales);
#pragma omp parallel for schedule(static)
  for (std::int64_t r = 0; r < x.rows; ++r) {
    const float scale = out.scale(r);
    for (std::int64_t c = 0; c < x.cols; ++c) {
      out.values.row<float>(r)[c] = to_float(reference::quantize_value_e4m3(x.row<float>(r)[c], scale));
    }
  }
  return out;
}

/// The E4M3 scale of each row, or one of them all: absmax ÷ 448.
std::vector<float> e4m3_scales(const ConstMatrixView& x, bool per_row) {
  std::vector<float> scales(static_cast<std::size_t>(x.rows));
#pragma omp parallel for schedule(static)
  for (std::int64_t r = 0; r < x.rows; ++r) {
    const auto* row = x.row<float>(r);
    float absmax = 0;
#pragma omp simd reduction(max : absmax)
    for (std::int64_t c = 0; c < x.cols; ++c) {
      const float size = std::fabs(row[c]);
      absmax = absmax < size ? size : absmax;
    }
    scales[static_cast<std::size_t>(r)] = absmax / 448.0F;
  }
  // The scale grows with the largest magnitude, so that the largest scale is that of the whole.
  if (!per_row) scales = {*std::max_element(scales.begin(), scales.end())};
  return scales;
}

QuantizedSide quantize_activations_of(const Scheme& scheme, const LayerOperands& operands) {
  const ConstMatrixView& a = operands.activations;
  const bool ahead = needs_static_scale(scheme);
  if (!scheme.integer()) {
    const bool per_token = scheme.activation_scale == ScaleGranularity::per_token;
    return quantize_to_e4m3(a, e4m3_scales(ahead ? operands.calibration : a, per_token));
  }
  std::optional<StaticScale> given;
  if (ahead) given = calibrate(scheme, operands.calibration, ScaleSource::absmax);
  QuantizedActivations q = allocate_activations(scheme, a.rows, a.cols, Int8Form::s8);
  quantize_activations(scheme, given, a, q);
  QuantizedSide out;
  out.codes = widen(q.values.view());
  out.scales = std::move(q.scales);
  out.azp = std::move(q.azp);
  return out;
}

/// True where the checkpoint's own codes are what the scheme multiplies: of its type, with a scale a channel, or with
/// one that all channels share.
bool fits_as_stored(const Scheme& scheme, const StoredWeight& stored) {
  if (stored.weight.dtype() != scheme.weight) return false;
  if (scheme.weight_scale == ScaleGranularity::per_channel) return true;
  return std::adjacent_find(stored.scales.begin(), stored.scales.end(), std::not_equal_to<>()) == stored.scales.end();
}

QuantizedSide stored_weights(const LayerOperands& operands) {
  const StoredWeight& stored = *operands.stored;
  const auto rows = static_cast<std::int64_t>(operands.channels.size()), cols = stored.weight.cols();
  const bool integer = stored.weight.dtype() == DType::s8;
  QuantizedSide out;
  Matrix codes(DType::s8, rows, cols);
  out.values = Matrix(DType::f32, integer ? 0 : rows, cols);
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t n = operands.channels[static_cast<std::size_t>(r)];
    out.scales.push_back(stored.scales[static_cast<std::size_t>(n)]);
    if (integer) {
      std::copy_n(stored.weight.row<std::int8_t>(n), cols, codes.row<std::int8_t>(r));
    } else {
      for (std::int64_t k = 0; k < cols; ++k) out.values.row<float>(r)[k] = to_float(stored.weight.row<E4M3>(n)[k]);
    }
  }
  if (integer) {
    out.codes = widen(codes.view());
    out.sums = column_sums(codes.view());
  }
  return out;
}

QuantizedSide quantize_weights_of(const Scheme& scheme, const LayerOperands& operands) {
  if (operands.stored != nullptr && fits_as_stored(scheme, *operands.stored)) return stored_weights(operands);
  const ConstMatrixView& w = operands.weights;
  const bool per_channel = scheme.weight_scale == ScaleGranularity::per_channel;
  if (!scheme.integer()) {
    return quantize_to_e4m3(w, per_channel ? e4m3_scales(w, true) : std::vector{operands.weight_absmax / 448.0F});
  }
  QuantizedWeights q;
  if (per_channel) {
    q = quantize_weights(w, ScaleGranularity::per_channel, ScaleSource::absmax);
  } else {
    q.values = Matrix(DType::s8, w.rows, w.cols);
    q.scales = {operands.weight_absmax / 127.0F};
    quantize_by_scale(w, {q.values.row<std::uint8_t>(0), w.cols}, {q.scales[0], 0}, "weights");
    q.colsum = column_sums(q.values.view());
  }
  QuantizedSide out;
  out.codes = widen(q.values.view());
  out.scales = std::move(q.scales);
  out.sums = std::move(q.colsum);
  return out;
}

double rounded(float value) { return static_cast<double>(to_float(to_bfloat16(value))); }

/// D as the product's epilogue makes it of the sums, in bf16.
std::vector<double> results_of(const Scheme& scheme, const QuantizedSide& a, const QuantizedSide& w) {
  std::vector<double> results;
  if (!scheme.integer()) {
    results = float_sums(a.values.view(), w.values.view());
    const std::int64_t channels = w.values.rows();
    for (std::size_t i = 0; i < results.size(); ++i) {
      const auto m = static_cast<std::int64_t>(i) / channels, n = static_cast<std::int64_t>(i) % channels;
      results[i] = rounded(a.scale(m) * (w.scale(n) * static_cast<float>(results[i])));
    }
    return results;
  }
  const std::vector<std::int32_t> sums = code_sums(a.codes, w.codes);
  const Epilogue epilogue{a.scales, w.scales, a.azp, w.sums, {}};
  results.resize(sums.size());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const auto m = static_cast<std::int64_t>(i) / w.codes.rows, n = static_cast<std::int64_t>(i) % w.codes.rows;
    results[i] = rounded(reference::dequantized(sums[i], m, n, epilogue));
  }
  return results;
}

}  // namespace

std::vector<double> scheme_sqnr(const LayerOperands& operands, std::span<const Scheme> schemes,
                                std::span<const double> truth) {
  using ActivationForm = std::tuple<DType, ScaleGranularity, bool, bool>;
  using WeightForm = std::tuple<DType, ScaleGranularity>;
  std::map<ActivationForm, QuantizedSide> activations;
  std::map<WeightForm, QuantizedSide> weights;
  std::map<std::pair<ActivationForm, WeightForm>, double> found;
  std::vector<double> out;
  for (const Scheme& scheme : schemes) {
    const ActivationForm a{scheme.activation, scheme.activation_scale, scheme.zero_point != ZeroPoint::none,
                           needs_static_scale(scheme)};
    const WeightForm w{scheme.weight, scheme.weight_scale};
    if (!found.contains({a, w})) {
      if (!activations.contains(a)) activations.emplace(a, quantize_activations_of(scheme, operands));
      if (!weights.contains(w)) weights.emplace(w, quantize_weights_of(scheme, operands));
      found[{a, w}] = compare(truth, results_of(scheme, activations.at(a), weights.at(w))).sqnr_db;
    }
    out.push_back(found[{a, w}]);
  }
  return out;
}

}  // namespace qgemm
