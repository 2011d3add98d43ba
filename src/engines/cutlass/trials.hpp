#pragma once
#include <cuda_runtime_api.h>

#include <vector>

#include "engines/cutlass/kernel_product.hpp"
#include "qgemm/result.hpp"

namespace qgemm::cutlass {

/// The fastest of the choices on these operand sets, each used for the next call (cold) or for several calls (hot):
/// measured here by a few launches each, then by more of the best six, of large products twelve. The time that chooses
/// is reported nowhere. Waits for `stream`. Throws `Unavailable` where none takes the operands.
KernelChoice fastest(const std::vector<KernelChoice>& choices, const std::vector<cuda::ScaledOperands>& sets,
                     CacheState cache, const EnqueueQuantize& quantize, cudaStream_t stream);

/// `other` where it is clearly faster here than `known`, else `known`: what was the fastest on one GPU need not be on
/// another of its name. Measured as by `fastest`. Throws `Unavailable` where neither takes the operands.
KernelChoice held_against(const KernelChoice& known, const KernelChoice& other,
                          const std::vector<cuda::ScaledOperands>& sets, CacheState cache, cudaStream_t stream);

/// A choice with the microseconds of a call.
struct MeasuredChoice {
  KernelChoice choice;
  double us = 0;
};

/// The same choices as each cache state ranks them: what is the fastest hot is often not what is the fastest cold.
struct MeasuredChoices {
  std::vector<MeasuredChoice> hot, cold;
};

/// All of them, `hot` on each of the first `hot_sets` of `sets` and `cold` on all in turn, ranked as `rank_choices`
/// says: the same choices, but for whether they stream the weights. Those that do not take the operands are left out.
MeasuredChoices measure_all(const std::vector<KernelChoice>& hot, const std::vector<KernelChoice>& cold,
                            const std::vector<cuda::ScaledOperands>& sets, int hot_sets, cudaStream_t stream);

}  // namespace qgemm::cutlass
