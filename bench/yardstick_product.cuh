#pragma once
#include <cutlass/cutlass.h>
#include <cutlass/gemm/device/gemm_universal_adapter.h>

#include <cute/tensor.hpp>
#include <cutlass/epilogue/collective/collective_builder.hpp>
#include <cutlass/epilogue/fusion/sm90_callbacks_tma_warpspecialized.hpp>
#include <cutlass/gemm/collective/collective_builder.hpp>
#include <cutlass/gemm/kernel/gemm_universal.hpp>
#include <memory>
#include <stdexcept>
#include <type_traits>

#include "yardstick_product.hpp"

namespace qgemm::bench {

/// Built apart from src/kernels on purpose: no file, node or launch is shared with what is measured against it.
template <class Input, class Tile, class Cluster, class Schedule, bool swapped>
struct Yardstick {
  using Sum = std::conditional_t<std::is_same_v<Input, std::int8_t>, std::int32_t, float>;
  using Output = cutlass::bfloat16_t;
  static constexpr auto nearest = cutlass::FloatRoundStyle::round_to_nearest;

  template <class To, class... Children>
  using Times = cutlass::epilogue::fusion::Sm90EVT<
      cutlass::epilogue::fusion::Sm90Compute<cutlass::multiplies, To, float, nearest>, Children...>;
  using Column =
      cutlass::epilogue::fusion::Sm90ColBroadcast<0, Tile, float, float, cute::Stride<bool, cute::_0, std::int64_t>>;
  using Row =
      cutlass::epilogue::fusion::Sm90RowBroadcast<0, Tile, float, float, cute::Stride<cute::_0, bool, std::int64_t>>;
  using ScaleA = std::conditional_t<swapped, Row, Column>;
  using ScaleW = std::conditional_t<swapped, Column, Row>;
  using Tree = Times<Output, ScaleA, Times<float, ScaleW, cutlass::epilogue::fusion::Sm90AccFetch>>;

  using LayoutD = std::conditional_t<swapped, cutlass::layout::ColumnMajor, cutlass::layout::RowMajor>;
  using Epilogue = typename cutlass::epilogue::collective::CollectiveBuilder<
      cutlass::arch::Sm90, cutlass::arch::OpClassTensorOp, Tile, Cluster,
      cutlass::epilogue::collective::EpilogueTileAuto, Sum, float, void, LayoutD, 8, Output, LayoutD, 8,
      cutlass::epilogue::TmaWarpSpecialized, Tree>::CollectiveOp;
  using Mainloop = typename cutlass::gemm::collective::CollectiveBuilder<
      cutlass::arch::Sm90, cutlass::arch::OpClassTensorOp, Input, cutlass::layout::RowMajor, 16, Input,
      cutlass::layout::ColumnMajor, 16, Sum, Tile, Cluster,
      cutlass::gemm::collective::StageCountAutoCarveout<static_cast<int>(sizeof(typename Epilogue::SharedStorage))>,
      Schedule>::CollectiveOp;
  using Kernel = cutlass::gemm::kernel::GemmUniversal<cute::Shape<int, int, int, int>, Mainloop, Epilogue,
                                                      cutlass::gemm::PersistentScheduler>;
  using Gemm = cutlass::gemm::device::GemmUniversalAdapter<Kernel>;

  static YardstickLaunch prepare(const YardstickArguments& given) {
    typename Gemm::Arguments arguments{};
    arguments.mode = cutlass::gemm::GemmUniversalMode::kGemm;
    const auto* a = static_cast<const Input*>(given.a);
    const auto* w = static_cast<const Input*>(given.w);
    auto* d = static_cast<Output*>(given.d);
    if constexpr (swapped) {
      const typename Tree::Arguments tree{
          {given.scale_a, 0.F, {{}, true, 0}}, {{given.scale_w, 0.F, {true, {}, 0}}, {}, {}}, {}};
      arguments.problem_shape = {given.n, given.m, given.k, 1};
      arguments.mainloop = {w, {given.k, {}, 0}, a, {given.k, {}, 0}};
      arguments.epilogue = {tree, nullptr, {}, d, {{}, given.n, 0}};
    } else {
      const typename Tree::Arguments tree{
          {given.scale_a, 0.F, {true, {}, 0}}, {{given.scale_w, 0.F, {{}, true, 0}}, {}, {}}, {}};
      arguments.problem_shape = {given.m, given.n, given.k, 1};
      arguments.mainloop = {a, {given.k, {}, 0}, w, {given.k, {}, 0}};
      arguments.epilogue = {tree, nullptr, {}, d, {given.n, {}, 0}};
    }
    arguments.hw_info.sm_count = given.multiprocessors;
    const auto gemm = std::make_shared<Gemm>();
    if (gemm->can_implement(arguments) != cutlass::Status::kSuccess ||
        gemm->initialize(arguments) != cutlass::Status::kSuccess) {
      throw std::runtime_error("CUTLASS does not take this product");
    }
    return [gemm](cudaStream_t stream) {
      if (gemm->run(stream) != cutlass::Status::kSuccess) throw std::runtime_error("the launch was refused");
    };
  }
};

template <int m, int n>
using Cluster = cute::Shape<cute::Int<m>, cute::Int<n>, cute::_1>;
template <int m, int n, int k>
using Tile = cute::Shape<cute::Int<m>, cute::Int<n>, cute::Int<k>>;

}  // namespace qgemm::bench
