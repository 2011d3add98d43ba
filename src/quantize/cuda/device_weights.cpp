#include <cstdint>
#include <string>

#include "cuda/cuda_error.hpp"
#include "qgemm/error.hpp"
#include "quantize/cuda/bad_row.hpp"
#include "quantize/cuda/device_quantize.hpp"
#include "quantize/cuda/row_kernels.hpp"
#include "quantize/cuda/row_sums.hpp"
#include "quantize/cuda/tensor_scale.hpp"

namespace qgemm::cuda {
namespace {

/// Zeroed room for W[N,K].
DeviceQuantizedWeights allocate(std::int64_t n, std::int64_t k, DType type, ScaleGranularity granularity,
                                cudaStream_t stream) {
  if (n < 1 || k < 1) throw InvalidInput("weights have at least one row and one column");
  const auto rows = static_cast<std::size_t>(padded(n));
  DeviceQuantizedWeights out;
  out.n = n;
  out.k = k;
  out.granularity = granularity;
  out.values = DeviceMatrix(type, padded(n), padded(k));
  out.scales = DeviceBuffer((granularity == ScaleGranularity::per_tensor ? 1 : rows) * sizeof(float));
  if (type == DType::s8) out.colsum = DeviceBuffer(rows * sizeof(std::int32_t));
  for (const DeviceBuffer* buffer : {&out.scales, &out.colsum}) {
    if (buffer->size() != 0) check(cudaMemsetAsync(buffer->data(), 0, buffer->size(), stream));
  }
  check(cudaMemsetAsync(out.values.data(), 0, out.values.bytes(), stream));
  return out;
}

}  // namespace

DeviceQuantizedWeights quantize_weights(const DeviceView& w, DType type, ScaleGranularity granularity,
                                        ScaleSource source, cudaStream_t stream) {
  if (type != DType::s8 && type != DType::e4m3) {
    throw InvalidInput("weights are quantized to s8 or e4m3, not " + std::string(name(type)));
  }
  if (granularity != ScaleGranularity::per_tensor && granularity != ScaleGranularity::per_channel) {
    throw InvalidInput("weights are quantized per tensor or per channel");
  }
  const Code code = type == DType::s8 ? Code::s8 : Code::e4m3;
  DeviceQuantizedWeights out = allocate(w.rows, w.cols, type, granularity, stream);
  const DeviceBuffer bad_row = make_bad_row(stream);
  RowArguments arguments;
  arguments.x = w.data;
  arguments.rows = w.rows;
  arguments.k = w.cols;
  arguments.x_stride = w.stride;
  arguments.q = static_cast<std::uint8_t*>(out.values.data());
  arguments.q_stride = out.values.stride();
  arguments.scales = out.scales.as<float>();
  arguments.bad_row = bad_row.as<std::uint32_t>();
  DeviceBuffer scratch;
  if (granularity == ScaleGranularity::per_channel) {
    enqueue_by_own_scale(code, arguments, w.dtype, shape_for_own_scale(arguments, w.dtype), stream);
  } else {
    if (source == ScaleSource::constant) {
      const float one = 1;
      check(cudaMemcpyAsync(out.scales.data(), &one, sizeof one, cudaMemcpyHostToDevice, stream));
    } else {
      scratch = DeviceBuffer(tensor_scale_scratch());
      check(cudaMemsetAsync(scratch.data(), 0, scratch.size(), stream));
      enqueue_tensor_scale(code, w, arguments.scales, nullptr, scratch.data(), stream);
    }
    enqueue_by_given_scale(code, arguments, w.dtype, shape_for_given_scale(arguments, w.dtype), stream);
  }
  if (code == Code::s8) enqueue_row_sums(out.values.view(), out.colsum.as<std::int32_t>(), stream);
  check_bad_row(bad_row, "weights", stream);
  return out;
}

DeviceQuantizedWeights upload_weights(const QuantizedWeights& weights) {
  const ConstMatrixView values = weights.values.view();
  if (values.dtype != DType::s8 && values.dtype != DType::e4m3) {
    throw InvalidInput("weights are uploaded as s8 or e4m3, not " + std::string(name(values.dtype)));
  }
  const auto granularity = weights.scales.size() == 1 ? ScaleGranularity::per_tensor : ScaleGranularity::per_channel;
  if (granularity == ScaleGranularity::per_channel && static_cast<std::int64_t>(weights.scales.size()) != values.rows) {
    throw InvalidInput("weights of " + std::to_string(values.rows) + " rows have one scale or as many, not " +
                       std::to_string(weights.scales.size()));
  }
  DeviceQuantizedWeights out = allocate(values.rows, values.cols, values.dtype, granularity, nullptr);
  DeviceView unpadded = out.values.view();
  unpadded.rows = values.rows;
  unpadded.cols = values.cols;
  copy_to_device(values, unpadded);
  check(cudaMemcpyAsync(out.scales.data(), weights.scales.data(), weights.scales.size() * sizeof(float),
                        cudaMemcpyHostToDevice, nullptr));
  if (values.dtype == DType::s8) enqueue_row_sums(out.values.view(), out.colsum.as<std::int32_t>(), nullptr);
  check(cudaStreamSynchronize(nullptr));
  return out;
}

}  // namespace qgemm::cuda
