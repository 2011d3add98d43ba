#include "testbed/cpu/verify.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "accuracy/output_check.hpp"
#include "qgemm/error.hpp"
#include "quantize/activations.hpp"
#include "quantize/reference.hpp"

namespace qgemm {
namespace {

/// Quantizing a row by the plain reference takes about as long as a small product: a few rows of each are enough, since
/// every row goes through the same code.
constexpr std::size_t reference_rows = 4;

std::string at(std::int64_t m, std::int64_t n) { return "row " + std::to_string(m) + ", column " + std::to_string(n); }

/// Empty where the sampled rows of the activations are what the plain reference makes of them.
std::string check_activations(const QuantizedActivations& actual, const GemmSpec& spec, const Operands& operands,
                              const Sample& sample) {
  if (operands.activations.data == nullptr) return {};
  const bool per_token = spec.scheme.activation_scale == ScaleGranularity::per_token;
  for (std::size_t i = 0; i < std::min(reference_rows, sample.rows.size()); ++i) {
    const std::int64_t m = sample.rows[i];
    StaticScale scale{actual.scale(m), actual.zero_point(m)};
    if (per_token) {
      const StaticScale expected =
          reference::scale_of_rows(operands.activations, m, m + 1, spec.scheme.zero_point == ZeroPoint::none);
      if (expected.scale != scale.scale || expected.azp != scale.azp) {
        return "the activation scale of row " + std::to_string(m) + " differs from the reference";
      }
    } else if (operands.static_scale && needs_static_scale(spec.scheme) &&
               operands.static_scale->scale != scale.scale) {
      return "the activation scale is not the one that was given";
    }
    for (std::int64_t k = 0; k < spec.shape.k; ++k) {
      if (actual.q(m, k) != reference::quantize_value(element(operands.activations, m, k), scale.scale, scale.azp)) {
        return "the quantized activation in " + at(m, k) + " differs from the reference";
      }
    }
  }
  return {};
}

std::string check_weights(const QuantizedWeights& actual, const GemmSpec& spec, const Operands& operands,
                          const Sample& sample) {
  if (!operands.weights->has_original() || operands.weights->is_given(spec.scheme.weight_scale)) return {};
  const ConstMatrixView original = operands.weights->original().view();
  for (std::size_t i = 0; i < std::min(reference_rows, sample.cols.size()); ++i) {
    const std::int64_t n = sample.cols[i];
    if (spec.scheme.weight_scale == ScaleGranularity::per_channel &&
        reference::scale_of_rows(original, n, n + 1, true).scale != actual.scale(n)) {
      return "the weight scale of channel " + std::to_string(n) + " differs from the reference";
    }
    for (std::int64_t k = 0; k < spec.shape.k; ++k) {
      if (actual.values.row<std::int8_t>(n)[k] !=
          reference::quantize_value(element(original, n, k), actual.scale(n), 0)) {
        return "the quantized weight in " + at(n, k) + " differs from the reference";
      }
    }
  }
  return {};
}

std::int32_t exact_sum(const QuantizedActivations& a, const QuantizedWeights& w, std::int64_t m, std::int64_t n) {
  std::int64_t sum = 0;
  const auto* row = w.values.row<std::int8_t>(n);
  for (std::int64_t k = 0; k < w.values.cols(); ++k) sum += a.q(m, k) * static_cast<int>(row[k]);
  return static_cast<std::int32_t>(sum);
}

std::string check_sums(std::span<const std::int32_t> sums, const QuantizedActivations& a, const QuantizedWeights& w,
                       const Shape& shape, const Sample& sample, const Freivalds& proof) {
  std::string wrong;
  const auto cols = static_cast<std::int64_t>(sample.cols.size());
#pragma omp parallel for schedule(static)
  for (std::int64_t j = 0; j < cols; ++j) {
    const std::int64_t n = sample.cols[static_cast<std::size_t>(j)];
    for (const std::int64_t m : sample.rows) {
      const std::int32_t expected = exact_sum(a, w, m, n), actual = sums[static_cast<std::size_t>(m * shape.n + n)];
      if (expected == actual) continue;
#pragma omp critical
      wrong = "the integer sum in " + at(m, n) + " is " + std::to_string(actual) + " instead of " +
              std::to_string(expected);
    }
  }
  if (!wrong.empty()) return wrong;
  if (const auto row = proof.first_wrong_row(a, sums)) {
    return "the integer sums of row " + std::to_string(*row) + " are not the product (Freivalds' check)";
  }
  return {};
}

/// What rounding operands' products to float32 sums and results to the output type explains, relative to the whole: the
/// roundings of a sum add up like a random walk. Far below what one wrong element in the sample does.
double float_tolerance(const GemmSpec& spec) {
  const double output = spec.scheme.output == DType::f32   ? 0x1p-23
                        : spec.scheme.output == DType::f16 ? 0x1p-10
                                                           : 0x1p-7;
  return output + 0x1p-21 * std::sqrt(static_cast<double>(spec.shape.k));
}

/// The plain reference's results of an integer scheme, as its output type holds them, in the sample's elements.
std::vector<double> reference_results(const GemmSpec& spec, const Operands& operands, const QuantizedActivations& a,
                                      const QuantizedWeights& w, const Sample& sample) {
  const Epilogue epilogue{a.scales, w.scales, a.azp, w.colsum, operands.bias};
  const auto rows = static_cast<std::int64_t>(sample.rows.size()), cols = static_cast<std::int64_t>(sample.cols.size());
  const Matrix rounded(spec.scheme.output, rows, cols);
  const MatrixView out{rounded.data(), rounded.dtype(), rows, cols, cols};
#pragma omp parallel for schedule(static)
  for (std::int64_t j = 0; j < cols; ++j) {
    const std::int64_t n = sample.cols[static_cast<std::size_t>(j)];
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::int64_t m = sample.rows[static_cast<std::size_t>(i)];
      set_element(out, i, j, reference::dequantized(exact_sum(a, w, m, n), m, n, epilogue));
    }
  }
  std::vector<double> values;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < cols; ++j) values.push_back(static_cast<double>(element(out, i, j)));
  }
  return values;
}

/// Somebody else's code may round otherwise than the reference: multiply by 1/scale where that divides, scale in
/// another order, break ties another way. Codes differ by one then, in few places, and the error of the whole by a few
/// percent: half as much again is far from that. One wrong element among the 2048 of the sample, off by as much as it
/// is large, adds 1/√2048 = 2.2 % to an error that is 1 % where int8 is of use, and is past it (of a checkpoint, with
/// 16384 of them, one adds 0.8 % and three are); so are activations that
/// are truncated in place of rounded (1.6 times). A product that is all but exact may have what one rounding to the
/// output type makes.
std::string check_opaque(const GemmSpec& spec, const Operands& operands, const Sample& sample,
                         const std::vector<double>& truth, const ErrorMetrics& error) {
  constexpr double more_than_reference = 1.5;
  const double rounding = spec.scheme.output == DType::f32   ? 0x1p-24
                          : spec.scheme.output == DType::f16 ? 0x1p-11
                                                             : 0x1p-8;
  QuantizedActivations a = allocate_activations(spec.scheme, spec.shape.m, spec.shape.k, Int8Form::s8);
  quantize_activations(spec.scheme, operands.static_scale, operands.activations, a);
  const QuantizedWeights& w = operands.weights->quantized(spec.scheme.weight_scale);
  if (auto wrong = check_activations(a, spec, operands, sample); !wrong.empty()) return wrong;
  if (auto wrong = check_weights(w, spec, operands, sample); !wrong.empty()) return wrong;
  const double reference = compare(truth, reference_results(spec, operands, a, w, sample)).rel_error;
  if (error.rel_error <= std::max(more_than_reference * reference, rounding)) return {};  // false for NaN
  return "the product differs from the float64 one by " + std::to_string(error.rel_error) +
         " (relative), where the reference of this scheme does by " + std::to_string(reference);
}

}  // namespace

const Freivalds& LayerProofs::of(const LayerWeights& weights, ScaleGranularity granularity) {
  if (const auto found = proofs_.find(granularity); found != proofs_.end()) return found->second;
  return proofs_.emplace(granularity, Freivalds(weights.quantized(granularity).values.view(), seed_)).first->second;
}

Verdict verify(PreparedGemm& gemm, const GemmSpec& spec, const Operands& operands, const Sample& sample,
               const std::vector<double>& truth, LayerProofs& proofs) {
  Verdict verdict;
  const ConstMatrixView d = gemm.output();
  verdict.error = compare(truth, sampled(d, sample));
  if (!spec.scheme.integer()) {
    if (!(verdict.error.rel_error <= float_tolerance(spec))) {
      verdict.wrong = "the product differs from the float64 one by " + std::to_string(verdict.error.rel_error) +
                      " (relative), more than rounding explains";
    }
    return verdict;
  }
  if (gemm.opaque()) {
    verdict.wrong = check_opaque(spec, operands, sample, truth, verdict.error);
    return verdict;
  }
  const QuantizedActivations& a = *gemm.activations();
  const QuantizedWeights& w = operands.weights->quantized(spec.scheme.weight_scale);
  verdict.wrong = check_activations(a, spec, operands, sample);
  if (verdict.wrong.empty()) verdict.wrong = check_weights(w, spec, operands, sample);
  if (!verdict.wrong.empty()) {
    verdict.exact = false;
    return verdict;
  }
  const Matrix sums_matrix(DType::s32, spec.shape.m, spec.shape.n);
  const std::span<std::int32_t> sums(sums_matrix.row<std::int32_t>(0),
                                     static_cast<std::size_t>(spec.shape.m * spec.shape.n));
  const Epilogue epilogue{a.scales, w.scales, a.azp, w.colsum, operands.bias};
  if (!gemm.accumulate(sums)) throw Error("the engine gave no integer sums for an int8 product");
  verdict.wrong = check_sums(sums, a, w, spec.shape, sample, proofs.of(*operands.weights, spec.scheme.weight_scale));
  verdict.exact = verdict.wrong.empty();
  if (verdict.wrong.empty()) {
    if (const auto bad = first_wrong_output(d, sums, epilogue)) {
      verdict.wrong = "the result in " + at(bad->m, bad->n) + " is " + std::to_string(bad->actual) + " where " +
                      std::to_string(bad->expected) + " rounds to something else";
      verdict.exact = false;
    }
  }
  return verdict;
}

}  // namespace qgemm
