#include "engines/cutlass/kernel_product.hpp"

#include <algorithm>

#include "cuda/cuda_error.hpp"

namespace qgemm::cutlass {

std::string KernelChoice::text() const {
  std::string text = kernel->traits().name;
  if (raster != 0) text += raster == 1 ? " along m" : " along n";
  if (swizzle != 1) text += " swizzle " + std::to_string(swizzle);
  return text;
}

kernels::ScaledGemmArguments arguments_of(const cuda::ScaledOperands& operands, const KernelChoice& choice) {
  kernels::ScaledGemmArguments out;
  out.m = operands.m;
  out.n = operands.n;
  out.k = operands.k;
  out.a = operands.a;
  out.lda = operands.k;
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
  return out;
}

KernelLaunches::KernelLaunches(const KernelChoice& choice, const std::vector<cuda::ScaledOperands>& sets) {
  // Sums in several parts meet in the scratch memory: the sets' launches follow one another and share it.
  std::size_t bytes = 0;
  for (const auto& set : sets) bytes = std::max(bytes, choice.kernel->workspace_bytes(arguments_of(set, choice)));
  workspace_ = cuda::DeviceBuffer(bytes);
  for (const auto& set : sets) {
    launches_.push_back(choice.kernel->prepare(arguments_of(set, choice), workspace_.data()));
  }
}

KernelProduct::KernelProduct(const GemmSpec& spec, const cuda::DeviceOperands& operands, const Choose& choose,
                             cudaStream_t stream)
    : ScaledProduct(spec, operands, stream) {
  if (spec.scheme.quantizes_inside()) {
    // The choice is measured, and kernels are fast on whatever an allocation happens to hold.
    launch_quantize(0, stream);
    cuda::check_activations(*activations(0), stream);
  }
  std::vector<cuda::ScaledOperands> all;
  for (int set = 0; set < sets(); ++set) all.push_back(this->operands(set));
  // Operands so small that thousands of sets are needed to leave the cache do not need as many to choose by.
  constexpr std::size_t enough = 16;
  choice_ = choose({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), enough))});
  launches_ = std::make_unique<KernelLaunches>(choice_, all);
}

bool KernelProduct::starts_early() const {
  // Blocks that start early go to whichever multiprocessor the quantization left free: where that is most of them all
  // is well and a microsecond gained. Later ones would crowd there; and blocks of large tiles, one a multiprocessor,
  // lose the order in which neighbours read the same operands, a third of their speed (docs/measurements/kernels.md).
  constexpr std::int64_t most_rows = 32;
  return choice_.kernel->traits().residents > 1 && spec().shape.m <= most_rows;
}

std::string KernelProduct::note() const {
  const std::string padding = ScaledProduct::note();
  return padding.empty() || choice_.origin.empty() ? padding + choice_.origin : padding + "; " + choice_.origin;
}

bool KernelProduct::accumulate(const cuda::DeviceView& sums, cudaStream_t stream) {
  if (!spec().scheme.integer()) return false;
  // The taps must not overwrite the result that is being checked.
  cuda::ScaledOperands set = operands(0);
  const cuda::DeviceMatrix scratch(spec().scheme.output, set.m, set.n);
  set.d = scratch.data();
  // An element that no tap wrote must not look right by what the memory held before.
  cuda::check(cudaMemsetAsync(scratch.data(), 0xff, scratch.bytes(), stream));
  kernels::enqueue_sums(*choice_.kernel, arguments_of(set, choice_), spec().shape.n,
                        static_cast<std::int32_t*>(sums.data), launches_->workspace(), stream);
  cuda::check(cudaStreamSynchronize(stream));
  return true;
}

}  // namespace qgemm::cutlass
