#include "testbed/cuda/device_verify.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "cuda/cuda_error.hpp"
#include "quantize/activations.hpp"
#include "quantize/reference.hpp"

namespace qgemm::cuda {
namespace {

/// As many rows as the CPU's check compares one by one: every row goes through the same code.
constexpr std::size_t reference_rows = 4;

std::string at(std::int64_t row, std::int64_t column) {
  return "row " + std::to_string(row) + ", column " + std::to_string(column);
}

template <class T>
std::vector<T> downloaded(const DeviceBuffer& buffer) {
  std::vector<T> out(buffer.size() / sizeof(T));
  if (!out.empty()) check(cudaMemcpy(out.data(), buffer.data(), buffer.size(), cudaMemcpyDeviceToHost));
  return out;
}

std::vector<std::int64_t> first_few(const std::vector<std::int64_t>& all) {
  return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(reference_rows, all.size()))};
}

/// True where `actual` (one code of `type`) is what the reference makes of `x`.
bool same_code(DType type, std::uint8_t actual, float x, const StaticScale& scale) {
  if (type == DType::e4m3) return reference::quantize_value_e4m3(x, scale.scale).bits == actual;
  return static_cast<std::uint8_t>(reference::quantize_value(x, scale.scale, scale.azp)) == actual;
}

/// Rows of a quantized matrix against the reference; `what` names the matrix. `scale_of` gives a row's scale as it is
/// on the device, `own_scale` says that it is to be found from the row itself.
template <class ScaleOf>
std::string check_rows(const char* what, const DeviceView& original, const DeviceView& quantized,
                       const std::vector<std::int64_t>& rows, bool own_scale, bool symmetric, const ScaleOf& scale_of,
                       cudaStream_t stream) {
  const Matrix x = download_rows(original, rows, stream);
  DeviceView codes = quantized;
  codes.cols = original.cols;
  const Matrix q = download_rows(codes, rows, stream);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto local = static_cast<std::int64_t>(i);
    const StaticScale scale = scale_of(rows[i]);
    if (own_scale) {
      const StaticScale expected = reference::scale_of_rows(x.view(), local, local + 1, symmetric, quantized.dtype);
      if (expected.scale != scale.scale || expected.azp != scale.azp) {
        return std::string("the ") + what + " scale of row " + std::to_string(rows[i]) + " differs from the reference";
      }
    }
    for (std::int64_t k = 0; k < original.cols; ++k) {
      if (!same_code(quantized.dtype, q.row<std::uint8_t>(local)[k], element(x.view(), local, k), scale)) {
        return std::string("the quantized ") + what + " in " + at(rows[i], k) + " differs from the reference";
      }
    }
  }
  return {};
}

std::string check_activations_rows(const DeviceActivations& actual, const GemmSpec& spec,
                                   const DeviceOperands& operands, const Sample& sample, cudaStream_t stream) {
  if (operands.quantized != nullptr) return {};
  const auto scales = downloaded<float>(actual.scales);
  const auto azp = downloaded<std::int32_t>(actual.azp);
  const auto of = [](const auto& values, std::int64_t m) {
    return values[values.size() == 1 ? 0 : static_cast<std::size_t>(m)];
  };
  const auto scale_of = [&](std::int64_t m) { return StaticScale{of(scales, m), azp.empty() ? 0 : of(azp, m)}; };
  if (needs_static_scale(spec.scheme) && operands.static_scale->scale != scales[0]) {
    return "the activation scale is not the one that was given";
  }
  return check_rows("activation", operands.activations.front(), actual.values.view(), first_few(sample.rows),
                    spec.scheme.activation_scale == ScaleGranularity::per_token,
                    spec.scheme.zero_point == ZeroPoint::none, scale_of, stream);
}

std::string check_weight_rows(const DeviceQuantizedWeights& actual, const DeviceOperands& operands,
                              const Sample& sample, cudaStream_t stream) {
  const DeviceWeights& weights = *operands.weights;
  if (!weights.has_original() || weights.is_given(actual.values.dtype(), actual.granularity)) return {};
  const auto scales = downloaded<float>(actual.scales);
  const bool per_channel = actual.granularity == ScaleGranularity::per_channel;
  const auto scale_of = [&](std::int64_t n) {
    return StaticScale{scales[per_channel ? static_cast<std::size_t>(n) : 0], 0};
  };
  return check_rows("weight", weights.original().view(), actual.values.view(), first_few(sample.cols), per_channel,
                    true, scale_of, stream);
}

std::string check_integer(PreparedGemm& gemm, const GemmSpec& spec, const DeviceOperands& operands,
                          const DeviceQuantizedWeights& w, const Sample& sample, DeviceProofs& proofs,
                          cudaStream_t stream) {
  const auto& [m, n, k] = spec.shape;
  const DeviceActivations& a = *gemm.activations(0);
  const DeviceMatrix sums(DType::s32, m, n);
  check(cudaMemsetAsync(sums.data(), 0x5a, sums.bytes(), stream));  // what nobody writes must not look right
  if (!gemm.accumulate(sums.view(), stream)) return "the engine gave no integer sums for an int8 product";
  DeviceView weights = w.values.view();
  weights.rows = n;
  const auto expected = sampled_sums(a.values.view(), weights, sample, stream);
  const auto actual = sampled(sums.view(), sample, stream);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (static_cast<double>(expected[i]) == actual[i]) continue;
    const std::size_t columns = sample.cols.size();
    return "the integer sum in " + at(sample.rows[i / columns], sample.cols[i % columns]) + " is " +
           std::to_string(static_cast<std::int64_t>(actual[i])) + " instead of " + std::to_string(expected[i]);
  }
  if (const auto row = proofs.integer(w, stream).first_wrong_row(a, sums.view(), stream)) {
    return "the integer sums of row " + std::to_string(*row) + " are not the product (Freivalds' check)";
  }
  const float* bias = spec.bias ? operands.bias : nullptr;
  if (const auto bad = first_wrong_output(gemm.output(0), sums.view(), a, w, bias, stream)) {
    return "the result in " + at(bad->m, bad->n) + " is " + std::to_string(bad->actual) + " where " +
           std::to_string(bad->expected) + " rounds to something else";
  }
  return {};
}

/// What rounding results to the output type, and sums to what the tensor cores keep, explains, relative to the whole.
double float_tolerance(const GemmSpec& spec) {
  const double output = spec.scheme.output == DType::f32   ? 0x1p-23
                        : spec.scheme.output == DType::f16 ? 0x1p-10
                                                           : 0x1p-7;
  // Hopper's FP8 products with fast accumulation keep about 14 bits of a partial sum.
  if (spec.scheme.weight == DType::e4m3) return output + 0x1p-9;
  return output + 0x1p-21 * std::sqrt(static_cast<double>(spec.shape.k));
}

std::string check_floats(PreparedGemm& gemm, const GemmSpec& spec, const DeviceOperands& operands, const Sample& sample,
                         const std::vector<double>& result, DeviceProofs& proofs, cudaStream_t stream) {
  const float* bias = spec.bias ? operands.bias : nullptr;
  DeviceView a, w;
  const float *scale_a = nullptr, *scale_w = nullptr;
  bool per_row = false, per_channel = false;
  std::vector<double> expected;
  if (spec.scheme.quantized()) {
    const DeviceActivations& activations = *gemm.activations(0);
    const auto& weights = operands.weights->quantized(spec.scheme.weight, spec.scheme.weight_scale);
    a = activations.values.view();
    w = weights.values.view();
    w.rows = spec.shape.n;
    scale_a = activations.scales.as<const float>();
    scale_w = weights.scales.as<const float>();
    per_row = spec.scheme.activation_scale == ScaleGranularity::per_token;
    per_channel = weights.granularity == ScaleGranularity::per_channel;
    expected = sampled_product(a, w, nullptr, sample, stream);
    const auto sa = downloaded<float>(activations.scales), sw = downloaded<float>(weights.scales);
    std::vector<float> biases(static_cast<std::size_t>(spec.shape.n), 0.0F);
    if (bias != nullptr) {
      check(cudaMemcpy(biases.data(), bias, biases.size() * sizeof(float), cudaMemcpyDeviceToHost));
    }
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const auto m = static_cast<std::size_t>(sample.rows[i / sample.cols.size()]);
      const auto n = static_cast<std::size_t>(sample.cols[i % sample.cols.size()]);
      expected[i] =
          expected[i] * static_cast<double>(sa[per_row ? m : 0]) * static_cast<double>(sw[per_channel ? n : 0]) +
          static_cast<double>(biases[n]);
    }
  } else {
    a = operands.activations.front();
    w = operands.weights->as(spec.scheme.weight);
    expected = sampled_product(a, w, bias, sample, stream);
  }
  const double error = compare(expected, result).rel_error;
  if (!(error <= float_tolerance(spec))) {
    return "the product differs from the float64 one by " + std::to_string(error) +
           " (relative), more than rounding explains";
  }
  const auto wrong =
      proofs.of_floats(w, stream).first_wrong(a, scale_a, per_row, scale_w, per_channel, bias, gemm.output(0), stream);
  if (wrong) {
    return "the results of row " + std::to_string(wrong->m) + ", columns " + std::to_string(wrong->n_first) + " to " +
           std::to_string(wrong->n_last) + ", are not the product (Freivalds' check: residual " +
           std::to_string(wrong->residual) + ", " + std::to_string(wrong->allowed) + " allowed)";
  }
  return {};
}

/// The plain reference's results of an integer scheme, as its output type holds them, in the sample's elements, from
/// operands quantized by our own code.
std::vector<double> reference_results(const GemmSpec& spec, const DeviceOperands& operands, const DeviceActivations& a,
                                      const DeviceQuantizedWeights& w, const Sample& sample, cudaStream_t stream) {
  DeviceView weights = w.values.view();
  weights.rows = spec.shape.n;
  const auto sums = sampled_sums(a.values.view(), weights, sample, stream);
  const auto scale_a = downloaded<float>(a.scales), scale_w = downloaded<float>(w.scales);
  const auto azp = downloaded<std::int32_t>(a.azp), colsum = downloaded<std::int32_t>(w.colsum);
  std::vector<float> bias;
  if (spec.bias && operands.bias != nullptr) {
    bias.resize(static_cast<std::size_t>(spec.shape.n));
    check(cudaMemcpy(bias.data(), operands.bias, bias.size() * sizeof(float), cudaMemcpyDeviceToHost));
  }
  const Epilogue epilogue{scale_a, scale_w, azp, colsum, bias};
  const Matrix rounded(spec.scheme.output, 1, 1);
  const MatrixView one{rounded.data(), rounded.dtype(), 1, 1, 1};
  std::vector<double> values;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const std::int64_t m = sample.rows[i / sample.cols.size()], n = sample.cols[i % sample.cols.size()];
    set_element(one, 0, 0, reference::dequantized(static_cast<std::int32_t>(sums[i]), m, n, epilogue));
    values.push_back(static_cast<double>(element(one, 0, 0)));
  }
  return values;
}

/// Of somebody else's code neither codes nor sums are seen: as the CPU's check of the same name, which says why.
std::string check_opaque(const GemmSpec& spec, const DeviceOperands& operands, const Sample& sample,
                         const std::vector<double>& truth, const ErrorMetrics& error, cudaStream_t stream) {
  constexpr double more_than_reference = 1.5;
  const double rounding = spec.scheme.output == DType::f32   ? 0x1p-24
                          : spec.scheme.output == DType::f16 ? 0x1p-11
                                                             : 0x1p-8;
  const auto& [m, n, k] = spec.shape;
  DeviceActivations a = allocate_activations(spec.scheme, m, k, operands.static_scale, stream);
  enqueue_quantize(spec.scheme, operands.activations.front(), a, stream);
  const auto& w = operands.weights->quantized(spec.scheme.weight, spec.scheme.weight_scale);
  if (auto wrong = check_activations_rows(a, spec, operands, sample, stream); !wrong.empty()) return wrong;
  if (auto wrong = check_weight_rows(w, operands, sample, stream); !wrong.empty()) return wrong;
  const double reference = compare(truth, reference_results(spec, operands, a, w, sample, stream)).rel_error;
  if (error.rel_error <= std::max(more_than_reference * reference, rounding)) return {};  // false for NaN
  return "the product differs from the float64 one by " + std::to_string(error.rel_error) +
         " (relative), where the reference of this scheme does by " + std::to_string(reference);
}

}  // namespace

const DeviceFreivalds& DeviceProofs::integer(const DeviceQuantizedWeights& weights, cudaStream_t stream) {
  const void* key = weights.values.data();
  if (const auto found = integer_.find(key); found != integer_.end()) return found->second;
  return integer_.emplace(key, DeviceFreivalds(weights, seed_, stream)).first->second;
}

const DeviceFloatProof& DeviceProofs::of_floats(const DeviceView& form, cudaStream_t stream) {
  // A converted form that was dropped may have left its place to one of another type.
  const std::pair<const void*, DType> key(form.data, form.dtype);
  if (const auto found = float_.find(key); found != float_.end()) return found->second;
  return float_.emplace(key, DeviceFloatProof(form, seed_, stream)).first->second;
}

Verdict verify(PreparedGemm& gemm, const GemmSpec& spec, const DeviceOperands& operands, const Sample& sample,
               const std::vector<double>& truth, DeviceProofs& proofs, cudaStream_t stream) {
  Verdict verdict;
  const auto result = sampled(gemm.output(0), sample, stream);
  verdict.error = compare(truth, result);
  if (gemm.opaque() && spec.scheme.integer()) {
    verdict.wrong = check_opaque(spec, operands, sample, truth, verdict.error, stream);
    return verdict;
  }
  if (spec.scheme.quantized()) {
    const auto& weights = operands.weights->quantized(spec.scheme.weight, spec.scheme.weight_scale);
    verdict.wrong = check_activations_rows(*gemm.activations(0), spec, operands, sample, stream);
    if (verdict.wrong.empty()) verdict.wrong = check_weight_rows(weights, operands, sample, stream);
    if (verdict.wrong.empty() && spec.scheme.integer()) {
      verdict.wrong = check_integer(gemm, spec, operands, weights, sample, proofs, stream);
    }
  }
  if (verdict.wrong.empty() && !spec.scheme.integer()) {
    verdict.wrong = check_floats(gemm, spec, operands, sample, result, proofs, stream);
  }
  if (spec.scheme.integer()) verdict.exact = verdict.wrong.empty();
  return verdict;
}

}  // namespace qgemm::cuda
