#include "engine/cuda/device_weights.hpp"

#include "cuda/cuda_error.hpp"
#include "qgemm/error.hpp"

namespace qgemm::cuda {

DeviceWeights::DeviceWeights(DeviceMatrix original, ScaleSource scales, cudaStream_t stream)
    : n_(original.rows()), k_(original.cols()), original_(std::move(original)), scales_(scales), stream_(stream) {}

DeviceWeights::DeviceWeights(DeviceMatrix original, ScaleSource scales, DeviceQuantizedWeights stored,
                             cudaStream_t stream)
    : DeviceWeights(std::move(original), scales, stream) {
  give(std::move(stored));
}

DeviceWeights::DeviceWeights(DeviceQuantizedWeights quantized, cudaStream_t stream)
    : n_(quantized.n), k_(quantized.k), stream_(stream) {
  give(std::move(quantized));
}

void DeviceWeights::give(DeviceQuantizedWeights quantized) {
  given_ = Form(quantized.values.dtype(), quantized.granularity);
  quantized_.emplace(*given_, std::move(quantized));
}

const DeviceMatrix& DeviceWeights::original() const {
  if (!original_) throw InvalidInput("these weights are int8 already: a float product needs the original ones");
  return *original_;
}

DeviceView DeviceWeights::as(DType type) const {
  if (original().dtype() == type) return original().view();
  const auto found = converted_.find(type);
  if (found != converted_.end()) return found->second.view();
  DeviceMatrix converted(type, n_, k_);
  enqueue_convert(original().view(), converted.view(), stream_);
  check(cudaStreamSynchronize(stream_));
  return converted_.emplace(type, std::move(converted)).first->second.view();
}

const DeviceQuantizedWeights& DeviceWeights::quantized(DType type, ScaleGranularity granularity) const {
  const std::pair key(type, granularity);
  if (const auto found = quantized_.find(key); found != quantized_.end()) return found->second;
  if (!original_) {
    throw InvalidInput(
        "these weights were quantized by the caller, with another type or granularity than the provider's");
  }
  return quantized_.emplace(key, quantize_weights(original_->view(), type, granularity, scales_, stream_))
      .first->second;
}

DeviceView DeviceWeights::copy(const DeviceView& form, int set) const {
  if (set == 0) return form;
  const std::pair<const void*, int> key(form.data, set);
  if (const auto found = copies_.find(key); found != copies_.end()) return found->second.view();
  DeviceMatrix copy(form.dtype, form.rows, form.cols, form.stride);
  copy_on_device(form, copy.view(), stream_);
  check(cudaStreamSynchronize(stream_));
  return copies_.emplace(key, std::move(copy)).first->second.view();
}

void DeviceWeights::drop_copies() {
  copies_.clear();
  converted_.clear();
}

std::int64_t DeviceWeights::held_bytes() const {
  std::size_t bytes = original_ ? original_->bytes() : 0;
  for (const auto& [type, matrix] : converted_) bytes += matrix.bytes();
  for (const auto& [key, form] : quantized_) bytes += form.values.bytes() + form.scales.size() + form.colsum.size();
  for (const auto& [key, matrix] : copies_) bytes += matrix.bytes();
  return static_cast<std::int64_t>(bytes);
}

}  // namespace qgemm::cuda
