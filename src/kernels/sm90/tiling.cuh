#pragma once
#include <cutlass/numeric_types.h>

#include <cstdint>
#include <cute/tensor.hpp>
#include <cutlass/epilogue/dispatch_policy.hpp>
#include <cutlass/gemm/dispatch_policy.hpp>
#include <string>
#include <type_traits>

#include "kernels/scaled_gemm.hpp"

namespace qgemm::kernels::sm90 {

using S8 = std::int8_t;
using E4M3 = cutlass::float_e4m3_t;

/// How a block's warps share the work: one consumer group and a tile a block; two that take turns on tiles of their
/// own, one multiplying while the other stores; two that share a tile.
enum class Warps { specialized, pingpong, cooperative };

/// A configuration: the MMA's tile and cluster. `swapped` computes Dᵀ = W·Aᵀ, so M and N are those of Dᵀ.
template <class Input_, int m, int n, int k, int cluster_m, int cluster_n, Warps warps, bool swapped_ = false>
struct Tiling {
  using Input = Input_;
  static constexpr bool integer = std::is_same_v<Input, S8>;
  static constexpr bool swapped = swapped_;
  static constexpr bool persistent = warps != Warps::specialized;
  using Sum = std::conditional_t<integer, std::int32_t, float>;
  using Tile = cute::Shape<cute::Int<m>, cute::Int<n>, cute::Int<k>>;
  using Cluster = cute::Shape<cute::Int<cluster_m>, cute::Int<cluster_n>, cute::_1>;

  template <class Integer, class Float>
  using ByInput = std::conditional_t<integer, Integer, Float>;
  using Specialized =
      ByInput<cutlass::gemm::KernelTmaWarpSpecialized, cutlass::gemm::KernelTmaWarpSpecializedFP8FastAccum>;
  using Pingpong = ByInput<cutlass::gemm::KernelTmaWarpSpecializedPingpong,
                           cutlass::gemm::KernelTmaWarpSpecializedPingpongFP8FastAccum>;
  using Cooperative = ByInput<cutlass::gemm::KernelTmaWarpSpecializedCooperative,
                              cutlass::gemm::KernelTmaWarpSpecializedCooperativeFP8FastAccum>;
  using KernelSchedule = std::conditional_t<warps == Warps::specialized, Specialized,
                                            std::conditional_t<warps == Warps::pingpong, Pingpong, Cooperative>>;
  using EpilogueSchedule =
      std::conditional_t<warps == Warps::cooperative, cutlass::epilogue::TmaWarpSpecializedCooperative,
                         cutlass::epilogue::TmaWarpSpecialized>;

  static KernelTraits traits(DType output) {
    KernelTraits traits;
    const auto x = [](int first, int second) { return std::to_string(first) + "x" + std::to_string(second); };
    traits.name = std::string("sm90_") + (integer ? "s8_" : "e4m3_") + x(m, n) + "x" + std::to_string(k) + "_" +
                  x(cluster_m, cluster_n) +
                  (warps == Warps::specialized ? "_ws"
                   : warps == Warps::pingpong  ? "_pingpong"
                                               : "_cooperative") +
                  (swapped ? "_swap" : "");
    traits.input = integer ? DType::s8 : DType::e4m3;
    traits.output = output;
    traits.min_capability = 90;
    traits.only_this_family = true;
    traits.tile_m = swapped ? n : m;
    traits.tile_n = swapped ? m : n;
    traits.tile_k = k;
    traits.cluster_m = swapped ? cluster_n : cluster_m;
    traits.cluster_n = swapped ? cluster_m : cluster_n;
    traits.swapped = swapped;
    traits.alternates = warps == Warps::pingpong;
    traits.orders_tiles = persistent;
    return traits;
  }
};

}  // namespace qgemm::kernels::sm90
