#include "outliers/layer_accuracy.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "operands/random_bits.hpp"
#include "outliers/quantized_forms.hpp"
#include "outliers/sampled_sums.hpp"
#include "outliers/value_ranges.hpp"
#include "outliers/weight_rows.hpp"
#include "qgemm/error.hpp"

namespace qgemm {
namespace {

enum class SeedOf : std::uint8_t { weights, activations, channels };

/// Other operands for each layer, the same whatever else is looked at.
std::uint64_t seed_of(const AccuracyOptions& options, const PlannedLayer& planned, SeedOf purpose) {
  std::uint64_t seed = random_bits::mix(options.seed + random_bits::golden);
  for (const char c : planned.layer.name) seed = random_bits::mix(seed ^ static_cast<unsigned char>(c));
  for (const std::int64_t number : {planned.decoder_layer, planned.share.n, planned.share.k, options.rank}) {
    seed = random_bits::mix(seed ^ static_cast<std::uint64_t>(number));
  }
  return random_bits::mix(seed ^ static_cast<std::uint64_t>(purpose));
}

struct Operands {
  StoredWeight weight;
  Matrix all_tokens;  ///< f32, the tested ones first.
  TokenSplit split;

  ConstMatrixView tested() const { return rows(0, split.tested); }
  ConstMatrixView calibration() const {
    return split.calibration == 0 ? tested() : rows(split.tested, split.calibration);
  }

 private:
  ConstMatrixView rows(std::int64_t first, std::int64_t count) const {
    const ConstMatrixView all = all_tokens.view();
    return {all_tokens.row<float>(first), all.dtype, count, all.cols, all.stride};
  }
};

Operands operands_of(const AccuracyPlan& plan, const PlannedLayer& planned, const AccuracyOptions& options) {
  const Model& model = plan.models[planned.model];
  const Layer& share = planned.share;
  Operands out;
  if (plan.weights) {
    out.weight = read_weight(*plan.weights, model, planned.layer, planned.decoder_layer, options.tp, options.rank);
  } else {
    out.weight.weight = random_weights(share.n, share.k, plan.data, seed_of(options, planned, SeedOf::weights));
  }
  if (plan.activations) {
    const auto read = [&](std::int64_t tokens) {
      return read_activations(*plan.activations, model, planned.layer, planned.decoder_layer, tokens, options.tp,
                              options.rank);
    };
    out.split = split_tokens(options, read(1).tokens);
    out.all_tokens = as_f32(read(out.split.tested + out.split.calibration).values.view());
  } else {
    out.split = split_tokens(options, std::numeric_limits<std::int64_t>::max());
    const auto seed = seed_of(options, planned, SeedOf::activations);
    out.all_tokens =
        as_f32(random_activations(out.split.tested + out.split.calibration, share.k, plan.data, seed).view());
  }
  return out;
}

[[noreturn]] void refuse(const AccuracyPlan& plan, const PlannedLayer& planned, const std::string& what) {
  throw InvalidInput(plan.models[planned.model].name + ", decoder layer " + std::to_string(planned.decoder_layer) +
                     ", layer " + planned.layer.name + ": " + what);
}

AbsMaxima maxima_of_weights(const AccuracyPlan& plan, const PlannedLayer& planned, const WeightRows& weights) {
  AbsMaxima maxima =
      find_absmax(weights.rows(), weights.cols(), [&](std::int64_t n, float* out) { weights.read(n, out); });
  if (maxima.not_finite) {
    refuse(plan, planned, "the weights have NaN or infinity in output channel " + std::to_string(*maxima.not_finite));
  }
  return maxima;
}

/// `first`: what token the view begins with.
AbsMaxima maxima_of_activations(const AccuracyPlan& plan, const PlannedLayer& planned, const ConstMatrixView& a,
                                std::int64_t first) {
  AbsMaxima maxima =
      find_absmax(a.rows, a.cols, [&](std::int64_t m, float* out) { std::copy_n(a.row<float>(m), a.cols, out); });
  if (maxima.not_finite) {
    refuse(plan, planned,
           "the activations have NaN or infinity in token " + std::to_string(first + *maxima.not_finite));
  }
  return maxima;
}

/// x[:,j] · s[j], or ÷ s[j]. False where that leaves what a float32 holds.
bool smooth(const ConstMatrixView& x, const std::vector<float>& s, bool divide, const MatrixView& out) {
  int wrong = 0;
#pragma omp parallel for schedule(static) reduction(+ : wrong)
  for (std::int64_t r = 0; r < x.rows; ++r) {
    const auto* from = x.row<float>(r);
    auto* to = out.row<float>(r);
    for (std::size_t c = 0; c < s.size(); ++c) {
      to[c] = divide ? from[c] / s[c] : from[c] * s[c];
      wrong += std::fabs(to[c]) <= std::numeric_limits<float>::max() ? 0 : 1;
    }
  }
  return wrong == 0;
}

/// Room for operands that are smoothed, used for one α after the other.
struct Smoothed {
  Matrix activations, calibration, weights;
};

/// The schemes' SQNR, smoothed by these factors.
std::vector<double> smoothed_sqnr(const LayerOperands& plain, const std::vector<float>& weight_maxima,
                                  const std::vector<float>& s, const std::vector<Scheme>& schemes,
                                  const std::vector<double>& truth, Smoothed& room) {
  const bool apart = plain.calibration.data != plain.activations.data;
  const bool fits = smooth(plain.activations, s, true, room.activations.view()) &&
                    (!apart || smooth(plain.calibration, s, true, room.calibration.view())) &&
                    smooth(plain.weights, s, false, room.weights.view());
  float absmax = 0;
  // Rounding keeps the order, so that this is the largest magnitude of all smoothed weights to the bit.
  for (std::size_t k = 0; k < s.size(); ++k) absmax = std::max(absmax, weight_maxima[k] * s[k]);
  if (!fits || !std::isfinite(absmax)) {
    return std::vector<double>(schemes.size(), -std::numeric_limits<double>::infinity());
  }
  const ConstMatrixView calibration = apart ? room.calibration.view() : room.activations.view();
  return scheme_sqnr({room.activations.view(), calibration, room.weights.view(), absmax, nullptr, {}}, schemes, truth);
}

void choose_best(const std::vector<double>& alphas, SchemeAccuracy& scheme) {
  for (std::size_t i = 0; i < scheme.by_alpha.size(); ++i) {
    if (scheme.smoothed_db && scheme.by_alpha[i] <= *scheme.smoothed_db) continue;
    scheme.smoothed_db = scheme.by_alpha[i];
    scheme.alpha = alphas[i];
  }
}

}  // namespace

std::optional<LayerAccuracy> measure_layer(const AccuracyPlan& plan, const PlannedLayer& planned,
                                           const AccuracyOptions& options, const std::atomic<bool>* stop) {
  const auto stopped = [stop] { return stop != nullptr && stop->load(); };
  const Operands operands = operands_of(plan, planned, options);
  const WeightRows weights(operands.weight);
  const ConstMatrixView a = operands.tested(), calibration = operands.calibration();
  const bool apart = operands.split.calibration > 0;
  const AbsMaxima weight_maxima = maxima_of_weights(plan, planned, weights);
  const AbsMaxima activation_maxima = maxima_of_activations(plan, planned, a, 0);
  const AbsMaxima calibrated_maxima =
      apart ? maxima_of_activations(plan, planned, calibration, a.rows) : activation_maxima;

  LayerAccuracy out;
  out.model = plan.models[planned.model].name;
  out.layer = planned.layer.name;
  out.decoder_layer = planned.decoder_layer;
  out.tp = options.tp;
  out.rank = options.rank;
  out.tokens = a.rows;
  out.calibration_tokens = operands.split.calibration;
  out.n = weights.rows();
  out.k = weights.cols();
  out.weights = plan.weights ? std::string(name(operands.weight.weight.dtype())) : "random";
  out.weight = range_of(weight_maxima.rows);
  out.activation = range_of(activation_maxima.cols);
  out.token = range_of(activation_maxima.rows);
  out.massive_pct = massive_rows_pct(a);
  out.fold = smoothing_fold(plan.models[planned.model], planned.layer);

  const auto channels = sample_channels(out.n, options.channels, seed_of(options, planned, SeedOf::channels));
  out.channels = static_cast<std::int64_t>(channels.size());
  const Matrix w = weights.gather(channels);
  const std::vector<double> truth = float_sums(a, w.view());
  if (stopped()) return std::nullopt;
  const LayerOperands plain{a,
                            calibration,
                            w.view(),
                            static_cast<float>(out.weight.absmax),
                            weights.quantized() ? &operands.weight : nullptr,
                            channels};
  const std::vector<double> unsmoothed = scheme_sqnr(plain, plan.schemes, truth);
  for (std::size_t i = 0; i < plan.providers.size(); ++i) {
    out.schemes.push_back({plan.providers[i], unsmoothed[i], {}, {}, {}});
  }
  if (plan.alphas.empty()) return out;
  if (weights.quantized()) {
    out.message = "The checkpoint has quantized these weights: smoothing has to come before that.";
    return out;
  }
  Smoothed room{Matrix(DType::f32, a.rows, a.cols), Matrix(DType::f32, operands.split.calibration, a.cols),
                Matrix(DType::f32, w.rows(), w.cols())};
  for (const double alpha : plan.alphas) {
    if (stopped()) return std::nullopt;
    const auto factors = smoothing_factors(calibrated_maxima.cols, weight_maxima.cols, alpha);
    const auto smoothed = smoothed_sqnr(plain, weight_maxima.cols, factors, plan.schemes, truth, room);
    for (std::size_t i = 0; i < smoothed.size(); ++i) out.schemes[i].by_alpha.push_back(smoothed[i]);
  }
  for (auto& scheme : out.schemes) choose_best(plan.alphas, scheme);
  return out;
}

}  // namespace qgemm
