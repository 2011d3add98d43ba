#include "engines/cublaslt/fp8_product.hpp"

#include <algorithm>

#include "cuda/cuda_error.hpp"
#include "quantize/cuda/device_quantize.hpp"

namespace qgemm::cublaslt {

Fp8Product::Fp8Product(const Library& library, Choice choice, int major, const GemmSpec& spec,
                       const cuda::DeviceOperands& operands, cudaStream_t stream)
    : ScaledProduct(spec, operands, stream), choice_(choice), workspace_(workspace_bytes(major)) {
  const cuda::ScaledOperands first = this->operands(0);
  if (first.bias != nullptr) {
    bias_ = cuda::DeviceMatrix(spec.scheme.output, 1, first.n);
    auto* const values = const_cast<float*>(first.bias);  // NOLINT: read alone; views have no read-only form
    cuda::enqueue_convert({values, DType::f32, 1, first.n, first.n}, bias_.view(), stream);
  }
  Product product;
  product.input = DType::e4m3;
  product.output = spec.scheme.output;
  product.m = first.m;
  product.n = first.n;
  product.k = first.k;
  product.lda = first.k;
  product.ldw = first.k;
  product.ldd = first.n;
  product.bias = bias_.data();
  product.scale_a = first.scale_a;
  product.scale_w = first.scale_w;
  for (int set = 0; set < sets(); ++set) {
    const cuda::ScaledOperands o = this->operands(set);
    product.alignment_a = std::min(product.alignment_a, alignment_of(o.a));
    product.alignment_w = std::min(product.alignment_w, alignment_of(o.w));
    product.alignment_d = std::min(product.alignment_d, alignment_of(o.d));
    // Quantized inside the call by nobody yet, and the choice of an algorithm multiplies already.
    launch_quantize(set, stream);
  }
  matmul_ = std::make_unique<Matmul>(library, product);
  const auto run = [this](const Algorithm& algorithm, int set, cudaStream_t on) { enqueue(algorithm, set, on); };
  algorithm_ = choose(library, *matmul_, choice, workspace_.size(), sets(), operands.cache(), run, stream);
  kernel_ = describe(library, algorithm_);
  cuda::check(cudaStreamSynchronize(stream));
}

std::string Fp8Product::note() const {
  const std::string padding = ScaledProduct::note();
  if (choice_ == Choice::first) return padding;
  return padding.empty() ? best_note : padding + "; " + best_note;
}

void Fp8Product::enqueue(const Algorithm& algorithm, int set, cudaStream_t stream) const {
  const cuda::ScaledOperands o = operands(set);
  matmul_->set_scale_a(o.scale_a);
  matmul_->enqueue(algorithm, o.a, o.w, o.d, workspace_.data(), workspace_.size(), stream);
}

}  // namespace qgemm::cublaslt
