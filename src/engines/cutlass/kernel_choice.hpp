#pragma once
#include <cuda_runtime_api.h>

#include <optional>
#include <string_view>
#include <vector>

#include "cuda/device.hpp"
#include "engines/cutlass/kernel_product.hpp"
#include "qgemm/result.hpp"
#include "qgemm/shape.hpp"

namespace qgemm::cutlass {

/// The kernels of this build for quantized operands of `input` and results of `output` that `device` can run, worth
/// trying for M rows: tiles far taller than M, or far flatter, are left out.
std::vector<const kernels::ScaledGemmKernel*> candidates(const cuda::Device& device, DType input, DType output,
                                                         std::int64_t m);

/// The kernels that quantize M rows by themselves, which `candidates` leaves out.
std::vector<const kernels::ScaledGemmKernel*> quantizing_candidates(const cuda::Device& device, DType input,
                                                                    DType output, std::int64_t m);

/// The kernel that the reference takes; null where it has no table for `device`, or this build lacks that kernel.
const kernels::ScaledGemmKernel* reference_kernel(const cuda::Device& device, DType input, DType output,
                                                  const Shape& shape);

/// Those of the kernels that the model of cost (`likely_us`) puts in front, at most eight, the likeliest first.
std::vector<const kernels::ScaledGemmKernel*> likely(std::vector<const kernels::ScaledGemmKernel*> kernels,
                                                     const cuda::Device& device, const Shape& shape);

/// Each kernel in the orders of tiles that can matter for these operands: one where they are in one line or the kernel
/// heeds none, two where all of them run at the same time, four where there are several rounds.
std::vector<KernelChoice> choices(const std::vector<const kernels::ScaledGemmKernel*>& kernels,
                                  const std::vector<cuda::ScaledOperands>& sets, int multiprocessors);

/// Whether weights [N,K] for M rows are better asked for as the first to leave L2. They are where they come from
/// memory, cold or since L2 does not hold them, and few enough rows need them that none is asked for again later: up to
/// 5 % of a product's time and 10 % of a call's that quantizes, whose activations then stay where they are
/// (docs/measurements/kernels.md). Where L2 has them, streamed weights are up to a third slower: they take each other's
/// place, not that of what lies there unused.
bool streams_weights(const cuda::Device& device, const Shape& shape, CacheState cache);

/// The choice with or without streaming, as its kernel can.
KernelChoice with_streaming(KernelChoice choice, bool streams);
std::vector<KernelChoice> with_streaming(std::vector<KernelChoice> choices, bool streams);

/// The choice whose text is `text`, of one of these kernels and of what that kernel heeds; none where there is none.
std::optional<KernelChoice> choice_named(const std::vector<const kernels::ScaledGemmKernel*>& kernels,
                                         std::string_view text);

/// What a call that quantizes may be where `product` is the fastest for the product alone: with up to 256 tokens that
/// after the quantization and, where its kernel can, beside it; with more one of the two, as the size of its tiles and
/// the work of a multiprocessor decide. With few tokens also the others of `choices` beside it, and the `quantizing`
/// kernels, which need no other.
std::vector<KernelChoice> ways_to_quantize(const KernelChoice& product, const std::vector<KernelChoice>& choices,
                                           const std::vector<const kernels::ScaledGemmKernel*>& quantizing,
                                           const Shape& shape, int multiprocessors);

}  // namespace qgemm::cutlass
