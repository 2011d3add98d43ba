#include "engine/cuda/scaled_product.hpp"

#include "cuda/cuda_error.hpp"
#include "qgemm/error.hpp"
#include "quantize/activations.hpp"

namespace qgemm::cuda {
namespace {

/// Activations the caller quantized, in the layout kernels take.
DeviceActivations uploaded(const Scheme& scheme, const QuantizedActivations& quantized, cudaStream_t stream) {
  const ConstMatrixView values = quantized.values.view();
  const StaticScale scale{quantized.scales.front(), quantized.azp.empty() ? 0 : quantized.azp.front()};
  DeviceActivations out = allocate_activations(scheme, values.rows, values.cols, scale, stream);
  check(cudaStreamSynchronize(stream));
  DeviceView unpadded = out.values.view();
  unpadded.cols = values.cols;
  copy_to_device(values, unpadded);
  copy_to_device(quantized.scales.data(), out.scales.data(), out.scales.size());
  if (out.azp.size() > 0) copy_to_device(quantized.azp.data(), out.azp.data(), out.azp.size());
  return out;
}

}  // namespace

ScaledProduct::ScaledProduct(const GemmSpec& spec, const DeviceOperands& operands, cudaStream_t stream)
    : spec_(spec),
      operands_(operands),
      weights_(operands.weights->quantized(spec.scheme.weight, spec.scheme.weight_scale)) {
  if (operands.sets() < 1) throw InvalidInput("a product needs at least one set of operands");
  const auto& [m, n, k] = spec.shape;
  const bool ahead = spec.scheme.activation_quant == ActivationQuant::ahead;
  for (int set = 0; set < operands.sets(); ++set) {
    weight_values_.push_back(operands.weights->copy(weights_.values.view(), set));
    outputs_.emplace_back(spec.scheme.output, m, padded(n));
    if (operands.quantized != nullptr) {
      activations_.push_back(uploaded(spec.scheme, *operands.quantized, stream));
    } else if (ahead || set == 0) {
      activations_.push_back(allocate_activations(spec.scheme, m, k, operands.static_scale, stream));
      if (ahead) {
        enqueue_quantize(spec.scheme, operands.activations[static_cast<std::size_t>(set)], activations_.back(), stream);
        check_activations(activations_.back(), stream);
      }
    }
  }
}

std::string ScaledProduct::note() const {
  const auto& [m, n, k] = spec_.shape;
  std::string text;
  const auto add = [&text](const char* name, std::int64_t extent) {
    if (padded(extent) == extent) return;
    text += (text.empty() ? "" : ", ") + std::string(name) + " padded from " + std::to_string(extent) + " to " +
            std::to_string(padded(extent));
  };
  add("N", n);
  add("K", k);
  return text;
}

void ScaledProduct::launch_quantize(int set, cudaStream_t stream) {
  if (!spec_.scheme.quantizes_inside()) return;
  enqueue_quantize(spec_.scheme, operands_.activations[static_cast<std::size_t>(set)], activations_.front(), stream);
}

DeviceView ScaledProduct::output(int set) const {
  DeviceView view = outputs_[static_cast<std::size_t>(set)].view();
  view.cols = spec_.shape.n;
  return view;
}

const DeviceActivations* ScaledProduct::activations(int set) const {
  return &activations_[activations_.size() == 1 ? 0 : static_cast<std::size_t>(set)];
}

std::int64_t ScaledProduct::rotated_bytes() const { return sets() * scaled_set_bytes(spec_); }

ScaledOperands ScaledProduct::operands(int set) const {
  const auto& [m, n, k] = spec_.shape;
  const DeviceActivations& a = *activations(set);
  ScaledOperands out;
  out.m = m;
  out.n = padded(n);
  out.k = padded(k);
  out.a = a.values.data();
  const bool own_scales = scales_each_row(spec_.scheme, m);
  if (spec_.scheme.quantizes_inside() && (own_scales || needs_static_scale(spec_.scheme))) {
    out.unquantized = operands_.activations[static_cast<std::size_t>(set)];
    out.own_scales = own_scales;
    out.bad_row = a.bad_row.as<std::uint32_t>();
  }
  out.w = weight_values_[static_cast<std::size_t>(set)].data;
  out.scale_a = a.scales.as<const float>();
  out.scale_a_per_row = spec_.scheme.activation_scale == ScaleGranularity::per_token;
  out.scale_w = weights_.scales.as<const float>();
  out.scale_w_per_channel = weights_.granularity == ScaleGranularity::per_channel;
  if (a.azp.size() > 0) {
    out.azp = a.azp.as<const std::int32_t>();
    out.azp_per_row = spec_.scheme.zero_point == ZeroPoint::per_token;
    out.colsum = weights_.colsum.as<const std::int32_t>();
  }
  out.bias = spec_.bias ? operands_.bias : nullptr;
  out.d = outputs_[static_cast<std::size_t>(set)].data();
  return out;
}

std::int64_t scaled_set_bytes(const GemmSpec& spec) {
  const auto& [m, n, k] = spec.shape;
  const auto output = static_cast<std::int64_t>(size_of(spec.scheme.output));
  const std::int64_t activation = spec.scheme.quantizes_inside() ? 2 * m * k : m * padded(k);
  return activation + padded(n) * padded(k) + m * padded(n) * output;
}

std::int64_t scaled_memory_bytes(const GemmSpec& spec, int sets) {
  const auto& [m, n, k] = spec.shape;
  return sets * scaled_set_bytes(spec) + m * padded(k) + 16 * (m + padded(n));
}

}  // namespace qgemm::cuda
