#pragma once
#include <cutlass/epilogue/collective/collective_builder.hpp>
#include <cutlass/gemm/collective/collective_builder.hpp>
#include <cutlass/gemm/kernel/gemm_universal.hpp>
#include <type_traits>

#include "kernels/sm90/dequantize_node.cuh"

namespace qgemm::kernels::sm90 {

/// CUTLASS's device code of a `Tiling`, and its arguments from ours. `full`: with bias and, of integers, zero points.
template <class Tiling, bool full>
struct Product {
  using Input = typename Tiling::Input;
  using Sum = typename Tiling::Sum;
  using Tile = typename Tiling::Tile;
  static constexpr bool swapped = Tiling::swapped;

  // Scalar or vector is decided when arguments are given: the stride is 0 or 1.
  template <class T>
  using Column = cutlass::epilogue::fusion::Sm90ColBroadcast<0, Tile, T, T, cute::Stride<bool, cute::_0, std::int64_t>>;
  template <class T>
  using Row = cutlass::epilogue::fusion::Sm90RowBroadcast<0, Tile, T, T, cute::Stride<cute::_0, bool, std::int64_t>>;
  template <class T>
  using PerToken = std::conditional_t<swapped, Row<T>, Column<T>>;
  template <class T>
  using PerChannel = std::conditional_t<swapped, Column<T>, Row<T>>;

  template <class... Children>
  using Tree = cutlass::epilogue::fusion::Sm90EVT<DequantizeNode, PerToken<float>, PerChannel<float>, Children...>;
  using FullTree = std::conditional_t<Tiling::integer, Tree<PerChannel<float>, PerToken<int>, PerChannel<int>>,
                                      Tree<PerChannel<float>>>;
  using Epilogue = std::conditional_t<full, FullTree, Tree<>>;

  using LayoutD = std::conditional_t<swapped, cutlass::layout::ColumnMajor, cutlass::layout::RowMajor>;
  using CollectiveEpilogue = typename cutlass::epilogue::collective::CollectiveBuilder<
      cutlass::arch::Sm90, cutlass::arch::OpClassTensorOp, Tile, typename Tiling::Cluster,
      cutlass::epilogue::collective::EpilogueTileAuto, Sum, float, void, LayoutD, 8, Stored, LayoutD, 8,
      typename Tiling::EpilogueSchedule, Epilogue>::CollectiveOp;
  using CollectiveMainloop = typename cutlass::gemm::collective::CollectiveBuilder<
      cutlass::arch::Sm90, cutlass::arch::OpClassTensorOp, Input, cutlass::layout::RowMajor, 16, Input,
      cutlass::layout::ColumnMajor, 16, Sum, Tile, typename Tiling::Cluster,
      cutlass::gemm::collective::StageCountAutoCarveout<static_cast<int>(
          sizeof(typename CollectiveEpilogue::SharedStorage))>,
      typename Tiling::KernelSchedule>::CollectiveOp;
  using Kernel = cutlass::gemm::kernel::GemmUniversal<cute::Shape<int, int, int, int>, CollectiveMainloop,
                                                      CollectiveEpilogue, cutlass::gemm::PersistentScheduler>;

  static typename Kernel::Arguments arguments(const ScaledGemmArguments& given, bool half, int multiprocessors) {
    typename Kernel::Arguments out{};
    out.mode = cutlass::gemm::GemmUniversalMode::kGemm;
    const int m = static_cast<int>(given.m), n = static_cast<int>(given.n), k = static_cast<int>(given.k);
    const auto* a = static_cast<const Input*>(given.a);
    const auto* w = static_cast<const Input*>(given.w);
    auto* d = static_cast<Stored*>(given.d);
    if constexpr (swapped) {
      out.problem_shape = {n, m, k, 1};
      out.mainloop = {w, {given.ldw, {}, 0}, a, {given.lda, {}, 0}};
      out.epilogue = {epilogue(given, half), nullptr, {}, d, {{}, given.ldd, 0}};
    } else {
      out.problem_shape = {m, n, k, 1};
      out.mainloop = {a, {given.lda, {}, 0}, w, {given.ldw, {}, 0}};
      out.epilogue = {epilogue(given, half), nullptr, {}, d, {given.ldd, {}, 0}};
    }
    out.hw_info.sm_count = multiprocessors;
    if constexpr (Tiling::persistent) {
      using Order = std::remove_reference_t<decltype(out.scheduler.raster_order)>;
      const Order along_m = swapped ? Order::AlongN : Order::AlongM, along_n = swapped ? Order::AlongM : Order::AlongN;
      out.scheduler.raster_order = given.raster == 1 ? along_m : given.raster == 2 ? along_n : Order::Heuristic;
      out.scheduler.max_swizzle_size = given.swizzle;
    }
    return out;
  }

 private:
  template <class T>
  static typename PerToken<T>::Arguments per_token(const T* values, bool vector) {
    if constexpr (swapped)
      return {values, T(0), {{}, vector, 0}};
    else
      return {values, T(0), {vector, {}, 0}};
  }
  template <class T>
  static typename PerChannel<T>::Arguments per_channel(const T* values, bool vector) {
    if constexpr (swapped)
      return {values, T(0), {vector, {}, 0}};
    else
      return {values, T(0), {{}, vector, 0}};
  }

  static typename Epilogue::Arguments epilogue(const ScaledGemmArguments& given, bool half) {
    const Dequantization how{given.tap, half, given.azp != nullptr, given.bias != nullptr};
    const auto scale_a = per_token(given.scale_a, given.scale_a_per_row);
    const auto scale_w = per_channel(given.scale_w, given.scale_w_per_channel);
    if constexpr (!full)
      return {scale_a, scale_w, how};
    else if constexpr (!Tiling::integer)
      return {scale_a, scale_w, per_channel(given.bias, true), how};
    else
      return {scale_a,
              scale_w,
              per_channel(given.bias, true),
              per_token(given.azp, given.azp_per_row),
              per_channel(given.azp != nullptr ? given.colsum : nullptr, true),
              how};
  }
};

}  // namespace qgemm::kernels::sm90
