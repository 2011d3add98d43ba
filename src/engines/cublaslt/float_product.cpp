#include "engines/cublaslt/float_product.hpp"

#include <algorithm>

#include "cuda/cuda_error.hpp"
#include "quantize/cuda/device_quantize.hpp"

namespace qgemm::cublaslt {

FloatProduct::FloatProduct(const Library& library, Choice choice, int major, const GemmSpec& spec,
                           const cuda::DeviceOperands& operands, cudaStream_t stream)
    : spec_(spec), choice_(choice), workspace_(workspace_bytes(major)) {
  const auto& [m, n, k] = spec.shape;
  const cuda::DeviceView weights = operands.weights->as(spec.scheme.weight);
  for (int set = 0; set < operands.sets(); ++set) {
    cuda::DeviceView a = operands.activations[static_cast<std::size_t>(set)];
    if (a.dtype != spec.scheme.activation) {
      converted_.emplace_back(spec.scheme.activation, m, k);
      cuda::enqueue_convert(a, converted_.back().view(), stream);
      a = converted_.back().view();
    }
    activations_.push_back(a);
    weights_.push_back(operands.weights->copy(weights, set));
    outputs_.emplace_back(spec.scheme.output, m, n);
  }
  if (spec.bias) {
    bias_ = cuda::DeviceMatrix(spec.scheme.output, 1, n);
    auto* const values = const_cast<float*>(operands.bias);  // NOLINT: read alone; views have no read-only form
    cuda::enqueue_convert({values, DType::f32, 1, n, n}, bias_.view(), stream);
  }
  matmul_ = std::make_unique<Matmul>(library, describe_product());
  const auto run = [this](const Algorithm& algorithm, int set, cudaStream_t on) { enqueue(algorithm, set, on); };
  algorithm_ = choose(library, *matmul_, choice, workspace_.size(), operands.sets(), operands.cache(), run, stream);
  kernel_ = describe(library, algorithm_);
  cuda::check(cudaStreamSynchronize(stream));
}

Product FloatProduct::describe_product() const {
  Product product;
  product.input = spec_.scheme.activation;
  product.output = spec_.scheme.output;
  product.m = spec_.shape.m;
  product.n = spec_.shape.n;
  product.k = spec_.shape.k;
  product.lda = activations_.front().stride;
  product.ldw = weights_.front().stride;
  product.ldd = outputs_.front().stride();
  product.bias = bias_.data();
  for (const auto& view : activations_) product.alignment_a = std::min(product.alignment_a, alignment_of(view.data));
  for (const auto& view : weights_) product.alignment_w = std::min(product.alignment_w, alignment_of(view.data));
  for (const auto& d : outputs_) product.alignment_d = std::min(product.alignment_d, alignment_of(d.data()));
  return product;
}

void FloatProduct::enqueue(const Algorithm& algorithm, int set, cudaStream_t stream) const {
  const auto at = static_cast<std::size_t>(set);
  matmul_->enqueue(algorithm, activations_[at].data, weights_[at].data, outputs_[at].data(), workspace_.data(),
                   workspace_.size(), stream);
}

std::string FloatProduct::note() const { return choice_ == Choice::best ? best_note : std::string(); }

std::int64_t FloatProduct::rotated_bytes() const {
  return static_cast<std::int64_t>(outputs_.size()) * float_set_bytes(spec_);
}

std::int64_t float_set_bytes(const GemmSpec& spec) {
  const auto& [m, n, k] = spec.shape;
  const auto input = static_cast<std::int64_t>(size_of(spec.scheme.activation));
  const auto output = static_cast<std::int64_t>(size_of(spec.scheme.output));
  return (m * k + n * k) * input + m * n * output;
}

}  // namespace qgemm::cublaslt
