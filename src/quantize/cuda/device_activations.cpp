#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

#include "cuda/cuda_error.hpp"
#include "qgemm/error.hpp"
#include "quantize/activations.hpp"
#include "quantize/cuda/bad_row.hpp"
#include "quantize/cuda/device_quantize.hpp"
#include "quantize/cuda/row_kernels.hpp"
#include "quantize/cuda/tensor_scale.hpp"

namespace qgemm::cuda {
namespace {

constexpr const char* what = "activations";

Code code_of(const Scheme& scheme) {
  if (!scheme.quantized()) throw InvalidInput(provider_name(scheme) + " does not quantize its activations");
  return scheme.activation == DType::e4m3 ? Code::e4m3 : Code::s8;
}

template <class T>
void copy_in(const DeviceBuffer& to, const T& value, cudaStream_t stream) {
  check(cudaMemcpyAsync(to.data(), &value, sizeof value, cudaMemcpyHostToDevice, stream));
}

template <class T>
void copy_out(const void* from, T* to, std::size_t count, cudaStream_t stream) {
  check(cudaMemcpyAsync(to, from, count * sizeof(T), cudaMemcpyDeviceToHost, stream));
}

}  // namespace

DeviceActivations allocate_activations(const Scheme& scheme, std::int64_t m, std::int64_t k,
                                       const std::optional<StaticScale>& given, cudaStream_t stream) {
  code_of(scheme);
  if (m < 1 || k < 1) throw InvalidInput("activations have at least one row and one column");
  const std::int64_t count = scheme.activation_scale == ScaleGranularity::per_token ? m : 1;
  DeviceActivations out;
  out.values = DeviceMatrix(scheme.activation, m, padded(k));
  out.k = k;
  out.scales = DeviceBuffer(static_cast<std::size_t>(count) * sizeof(float));
  if (scheme.zero_point != ZeroPoint::none) {
    out.azp = DeviceBuffer(static_cast<std::size_t>(count) * sizeof(std::int32_t));
  }
  out.bad_row = make_bad_row(stream);
  check(cudaMemsetAsync(out.values.data(), 0, out.values.bytes(), stream));
  if (needs_static_scale(scheme)) {
    if (!given) throw InvalidInput("a static activation scale has to be given for " + provider_name(scheme));
    copy_in(out.scales, given->scale, stream);
    if (out.azp.size() != 0) copy_in(out.azp, given->azp, stream);
  } else if (count == 1) {
    out.scratch = DeviceBuffer(tensor_scale_scratch());
    check(cudaMemsetAsync(out.scratch.data(), 0, out.scratch.size(), stream));
  }
  check(cudaStreamSynchronize(stream));
  return out;
}

void enqueue_quantize(const Scheme& scheme, const DeviceView& a, DeviceActivations& out, cudaStream_t stream) {
  if (a.rows != out.values.rows() || a.cols != out.k || scheme.activation != out.values.dtype()) {
    throw InvalidInput("activations of " + std::to_string(a.rows) + " × " + std::to_string(a.cols) +
                       " do not fit the product, which takes " + std::to_string(out.values.rows()) + " × " +
                       std::to_string(out.k));
  }
  const Code code = code_of(scheme);
  RowArguments arguments;
  arguments.x = a.data;
  arguments.rows = a.rows;
  arguments.k = a.cols;
  arguments.x_stride = a.stride;
  arguments.q = static_cast<std::uint8_t*>(out.values.data());
  arguments.q_stride = out.values.stride();
  arguments.scales = out.scales.as<float>();
  arguments.azp = out.azp.as<std::int32_t>();
  arguments.bad_row = out.bad_row.as<std::uint32_t>();
  if (scales_each_row(scheme, a.rows)) {
    return enqueue_by_own_scale(code, arguments, a.dtype, shape_for_own_scale(arguments, a.dtype), stream);
  }
  if (!needs_static_scale(scheme)) {
    enqueue_tensor_scale(code, a, arguments.scales, arguments.azp, out.scratch.data(), stream);
    arguments.last_first = true;
  }
  enqueue_by_given_scale(code, arguments, a.dtype, shape_for_given_scale(arguments, a.dtype), stream);
}

void check_activations(const DeviceActivations& activations, cudaStream_t stream) {
  check_bad_row(activations.bad_row, what, stream);
}

StaticScale calibrate(const Scheme& scheme, const DeviceView& a, ScaleSource source, cudaStream_t stream) {
  if (source == ScaleSource::constant) return {1.0F, 0};
  const Code code = code_of(scheme);
  const bool symmetric = scheme.zero_point == ZeroPoint::none;
  const DeviceBuffer scale(sizeof(float)), azp(sizeof(std::int32_t)), scratch(tensor_scale_scratch());
  check(cudaMemsetAsync(scratch.data(), 0, scratch.size(), stream));
  enqueue_tensor_scale(code, a, scale.as<float>(), symmetric ? nullptr : azp.as<std::int32_t>(), scratch.data(),
                       stream);
  StaticScale found;
  copy_out(scale.data(), &found.scale, 1, stream);
  if (!symmetric) copy_out(azp.data(), &found.azp, 1, stream);
  check(cudaStreamSynchronize(stream));
  if (!std::isfinite(found.scale)) {
    const DeviceBuffer bad_row = make_bad_row(stream);
    enqueue_find_bad_row(a, bad_row.as<std::uint32_t>(), stream);
    check_bad_row(bad_row, what, stream);
  }
  return found;
}

QuantizedActivations download(const DeviceActivations& activations) {
  check(cudaDeviceSynchronize());
  const DeviceView padded_view = activations.values.view();
  QuantizedActivations out;
  out.values = Matrix(padded_view.dtype, padded_view.rows, activations.k);
  DeviceView values = padded_view;
  values.cols = activations.k;
  copy_to_host(values, out.values.view());
  out.scales.resize(activations.scales.size() / sizeof(float));
  copy_out(activations.scales.data(), out.scales.data(), out.scales.size(), nullptr);
  out.azp.resize(activations.azp.size() / sizeof(std::int32_t));
  if (!out.azp.empty()) copy_out(activations.azp.data(), out.azp.data(), out.azp.size(), nullptr);
  check(cudaStreamSynchronize(nullptr));
  return out;
}

}  // namespace qgemm::cuda
