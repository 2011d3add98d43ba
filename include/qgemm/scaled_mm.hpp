#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "qgemm/matrix.hpp"

namespace qgemm {

/// D[M,N] = scale_a ⊙ scale_w ⊙ (A_q[M,K] · W_q[N,K]ᵀ) + bias, the reference's `cutlass_scaled_mm`: `a`, `w` int8,
/// `scale_a` 1 or M values, `scale_w` 1 or N, `bias` none or N, `d` bf16, f16 or f32 (allocated by the caller).
/// Sums are exact in int32, scales multiply in float32 as scale_a · (scale_w · sum), one rounding to the output type.
/// Packs the weights at each call: to run one product many times use `make_runner`. `engine` as in `RunnerOptions`.
/// Throws `InvalidInput` for shapes, types or K that do not fit, `Unavailable`, `OutOfMemory`.
void scaled_mm(const ConstMatrixView& a, const ConstMatrixView& w, std::span<const float> scale_a,
               std::span<const float> scale_w, const MatrixView& d, std::span<const float> bias = {},
               std::string_view engine = "auto");

/// The same for asymmetric activations, `azp` 1 or M values:
/// D = scale_a ⊙ scale_w ⊙ (A_q·W_qᵀ − azp ⊙ colsum) + bias with colsum[n] = Σₖ W_q[n,k] (`cutlass_scaled_mm_azp`).
void scaled_mm_azp(const ConstMatrixView& a, const ConstMatrixView& w, std::span<const float> scale_a,
                   std::span<const float> scale_w, std::span<const std::int32_t> azp, const MatrixView& d,
                   std::span<const float> bias = {}, std::string_view engine = "auto");

/// The same with one zero point for all rows, folded ahead into `azp_adj`, N values azp · colsum[n]:
/// D = scale_a ⊙ scale_w ⊙ (A_q·W_qᵀ − azp_adj) + bias (`cutlass_scaled_mm_azp` without its `azp`). What is no multiple
/// of the column sums is taken as it is, by the plain reference engine.
void scaled_mm_folded_azp(const ConstMatrixView& a, const ConstMatrixView& w, std::span<const float> scale_a,
                          std::span<const float> scale_w, std::span<const std::int32_t> azp_adj, const MatrixView& d,
                          std::span<const float> bias = {}, std::string_view engine = "auto");

}  // namespace qgemm
