#pragma once
#include <cutlass/gemm/kernel/default_gemm_universal_with_visitor.h>

#include <cstdint>
#include <string>

#include "kernels/sm80/store_visitor.cuh"

namespace qgemm::kernels::sm80 {

/// A configuration: the block's tile, the part of it that one warp computes, and how many tiles are in flight.
template <int m, int n, int k, int warp_m, int warp_n, int warp_k, int stages_>
struct Tiling {
  using Block = cutlass::gemm::GemmShape<m, n, k>;
  using Warp = cutlass::gemm::GemmShape<warp_m, warp_n, warp_k>;
  static constexpr int stages = stages_;

  static KernelTraits traits(DType output) {
    KernelTraits traits;
    traits.name = "sm80_s8_" + std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k) + "_" +
                  std::to_string(stages) + "stages";
    traits.input = DType::s8;
    traits.output = output;
    traits.min_capability = 80;
    traits.tile_m = m;
    traits.tile_n = n;
    traits.tile_k = k;
    return traits;
  }
};

/// CUTLASS's device code of a `Tiling`, and its arguments from ours.
template <class Tiling, bool full>
struct Product {
  static constexpr int operand_alignment = 16, result_alignment = 8;
  using Threads = cutlass::epilogue::threadblock::OutputTileThreadLayout<typename Tiling::Block, typename Tiling::Warp,
                                                                         Stored, result_alignment, 1>;
  using Visitor = StoreVisitor<Threads, full>;
  // There is no other operator than the saturating one for s8. Sums of a K that int32 can hold are never saturated.
  using Kernel = typename cutlass::gemm::kernel::DefaultGemmWithVisitor<
      std::int8_t, cutlass::layout::RowMajor, cutlass::ComplexTransform::kNone, operand_alignment, std::int8_t,
      cutlass::layout::ColumnMajor, cutlass::ComplexTransform::kNone, operand_alignment, Stored,
      cutlass::layout::RowMajor, result_alignment, std::int32_t, float, cutlass::arch::OpClassTensorOp,
      cutlass::arch::Sm80, typename Tiling::Block, typename Tiling::Warp, cutlass::gemm::GemmShape<16, 8, 32>, Visitor,
      cutlass::gemm::threadblock::GemmIdentityThreadblockSwizzle<>, Tiling::stages,
      cutlass::arch::OpMultiplyAddSaturate, 1>::GemmKernel;

  static typename Kernel::Arguments arguments(const ScaledGemmArguments& given, bool half) {
    typename Visitor::Arguments epilogue;
    epilogue.how = {given.tap, half, given.azp != nullptr, given.bias != nullptr};
    epilogue.scale_a = given.scale_a;
    epilogue.scale_a_per_row = given.scale_a_per_row;
    epilogue.scale_w = given.scale_w;
    epilogue.scale_w_per_channel = given.scale_w_per_channel;
    epilogue.azp = given.azp;
    epilogue.azp_per_row = given.azp_per_row;
    epilogue.colsum = given.colsum;
    epilogue.bias = given.bias;
    epilogue.d = static_cast<Stored*>(given.d);
    epilogue.ldd = given.ldd;
    const cutlass::gemm::GemmCoord size(static_cast<int>(given.m), static_cast<int>(given.n),
                                        static_cast<int>(given.k));
    using Stride = typename cutlass::layout::RowMajor::Stride::LongIndex;
    return typename Kernel::Arguments(cutlass::gemm::GemmUniversalMode::kGemm, size, 1, epilogue, given.a, given.w,
                                      nullptr, nullptr, 0, 0, 0, 0, static_cast<Stride>(given.lda),
                                      static_cast<Stride>(given.ldw), Stride{0}, Stride{0});
  }
};

}  // namespace qgemm::kernels::sm80
