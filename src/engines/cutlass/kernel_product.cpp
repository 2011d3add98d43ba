#include "engines/cutlass/kernel_product.hpp"

#include <algorithm>

#include "cuda/cuda_error.hpp"

namespace qgemm::cutlass {

std::string KernelChoice::text() const {
  std::string text = kernel->traits().name;
  if (raster != 0) text += raster == 1 ? " along m" : " along n";
  if (swizzle != 1) text += " swizzle " + std::to_string(swizzle);
  if (streams) text += " streaming";
  if (quantizing == Quantizing::overlaps) text += " overlapping";
  return text;
}

kernels::ScaledGemmArguments arguments_of(const cuda::ScaledOperands& operands, const KernelChoice& choice) {
  kernels::ScaledGemmArguments out;
  out.m = operands.m;
  out.n = operands.n;
  out.k = operands.k;
  out.a = operands.a;
  out.lda = operands.k;
  const cuda::DeviceView& from = operands.unquantized;
  if (from.dtype == DType::bf16 && from.cols == operands.k) {
    out.unquantized = {from.data, from.stride, operands.own_scales, operands.bad_row};
  }
  out.w = operands.w;
  out.ldw = operands.k;
  out.scale_a = operands.scale_a;
  out.scale_a_per_row = operands.scale_a_per_row;
  out.scale_w = operands.scale_w;
  out.scale_w_per_channel = operands.scale_w_per_channel;
  out.azp = operands.azp;
  out.azp_per_row = operands.azp_per_row;
  out.colsum = operands.colsum;
  out.bias = operands.bias;
  out.d = operands.d;
  out.ldd = operands.n;
  out.raster = choice.raster;
  out.swizzle = choice.swizzle;
  out.streams_weights = choice.streams;
  return out;
}

KernelLaunches::KernelLaunches(const KernelChoice& choice, const std::vector<cuda::ScaledOperands>& sets,
                               EnqueueQuantize quantize)
    : quantizing_(choice.quantizing) {
  if (!choice.kernel->traits().quantizes()) quantize_ = std::move(quantize);
  // Sums in several parts meet in the scratch memory: the sets' launches follow one another and share it.
  std::size_t bytes = 0;
  for (const auto& set : sets) bytes = std::max(bytes, choice.kernel->workspace_bytes(arguments_of(set, choice)));
  workspace_ = cuda::DeviceBuffer(bytes);
  for (const auto& set : sets) {
    launches_.push_back(choice.kernel->prepare(arguments_of(set, choice), workspace_.data()));
  }
}

void KernelLaunches::enqueue(int set, cudaStream_t stream) const {
  if (quantize_) quantize_(set, stream);
  launches_[static_cast<std::size_t>(set)]->enqueue(stream, quantize_ && quantizing_ == Quantizing::overlaps);
}

KernelProduct::KernelProduct(const GemmSpec& spec, const cuda::DeviceOperands& operands, const Choose& choose,
                             cudaStream_t stream)
    : ScaledProduct(spec, operands, stream) {
  EnqueueQuantize quantize;
  if (spec.scheme.quantizes_inside()) {
    quantize = [this](int set, cudaStream_t s) { launch_quantize(set, s); };
    // The choice is measured, and kernels are fast on whatever an allocation happens to hold.
    quantize(0, stream);
    cuda::check_activations(*activations(0), stream);
  }
  std::vector<cuda::ScaledOperands> all;
  for (int set = 0; set < sets(); ++set) all.push_back(this->operands(set));
  // Operands so small that thousands of sets are needed to leave the cache do not need as many to choose by.
  constexpr std::size_t enough = 16;
  choice_ = choose({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), enough))}, quantize);
  product_ = std::make_unique<KernelLaunches>(choice_.product, all);
  if (quantize) call_ = std::make_unique<KernelLaunches>(choice_.call, all, quantize);
  // Of codes that a kernel keeps to itself `activations` shows what they have to be.
  if (quantize && choice_.call.kernel->traits().quantizes()) quantize(0, stream);
}

std::string KernelProduct::note() const {
  const std::string padding = ScaledProduct::note();
  const std::string& origin = reported().origin;
  return padding.empty() || origin.empty() ? padding + origin : padding + "; " + origin;
}

bool KernelProduct::accumulate(const cuda::DeviceView& sums, cudaStream_t stream) {
  if (!spec().scheme.integer()) return false;
  // The taps must not overwrite the result that is being checked.
  cuda::ScaledOperands set = operands(0);
  const cuda::DeviceMatrix scratch(spec().scheme.output, set.m, set.n);
  set.d = scratch.data();
  // An element that no tap wrote must not look right by what the memory held before.
  cuda::check(cudaMemsetAsync(scratch.data(), 0xff, scratch.bytes(), stream));
  const KernelChoice& choice = reported();
  const auto arguments = arguments_of(set, choice);
  kernels::enqueue_sums(*choice.kernel, arguments, spec().shape.n, static_cast<std::int32_t*>(sums.data),
                        (call_ ? *call_ : *product_).workspace(), stream);
  cuda::check(cudaStreamSynchronize(stream));
  return true;
}

}  // namespace qgemm::cutlass
