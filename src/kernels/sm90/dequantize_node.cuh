#pragma once
#include <cute/tensor.hpp>
#include <cutlass/epilogue/fusion/sm90_callbacks_tma_warpspecialized.hpp>
#include <type_traits>

#include "kernels/dequantize_fragment.cuh"

namespace qgemm::kernels::sm90 {

/// The root of the epilogue's visitor tree: takes the accumulators and the fragments that its children broadcast
/// (scale_a, scale_w; in full trees also bias and, of integers, azp and colsum) and gives D. One node in place of a
/// tree of multiplications, so that the sums can also be had as they are (`tap`).
struct DequantizeNode {
  struct SharedStorage {};
  using Arguments = Dequantization;
  using Params = Dequantization;

  template <class Problem>
  static constexpr Params to_underlying_arguments(const Problem&, const Arguments& arguments, void*) {
    return arguments;
  }
  template <class Problem>
  static bool can_implement(const Problem&, const Arguments&) {
    return true;
  }
  template <class Problem>
  static std::size_t get_workspace_size(const Problem&, const Arguments&) {
    return 0;
  }
  template <class Problem>
  static cutlass::Status initialize_workspace(const Problem&, const Arguments&, void*, cudaStream_t,
                                              cutlass::CudaHostAdapter* = nullptr) {
    return cutlass::Status::kSuccess;
  }

  CUTLASS_HOST_DEVICE DequantizeNode() {}
  CUTLASS_HOST_DEVICE DequantizeNode(const Params& params, const SharedStorage&) : params_(params) {}
  CUTLASS_DEVICE bool is_producer_load_needed() const { return false; }
  CUTLASS_DEVICE bool is_C_load_needed() const { return false; }

  template <class... Args>
  CUTLASS_DEVICE auto get_producer_load_callbacks(const cutlass::epilogue::fusion::ProducerLoadArgs<Args...>&) {
    return cutlass::epilogue::fusion::EmptyProducerLoadCallbacks{};
  }

  struct Callbacks : cutlass::epilogue::fusion::EmptyConsumerStoreCallbacks {
    CUTLASS_DEVICE explicit Callbacks(const Params& params) : params_(params) {}

    /// Plain: the shortest, since it is what is compared with others. bf16 only.
    template <class Sum, int count>
    CUTLASS_DEVICE cutlass::Array<Stored, count> visit(const cutlass::Array<Sum, count>& sums, int, int, int,
                                                       const cutlass::Array<float, count>& scale_a,
                                                       const cutlass::Array<float, count>& scale_w) {
      if constexpr (std::is_same_v<Sum, std::int32_t>) {
        if (params_.tap >= 0) return stored_bf16(tapped(sums, params_.tap));
      }
      return stored_bf16(scaled(rounded(sums), scale_a, scale_w));
    }

    /// Full, of floating-point sums.
    template <int count>
    CUTLASS_DEVICE cutlass::Array<Stored, count> visit(const cutlass::Array<float, count>& sums, int, int, int,
                                                       const cutlass::Array<float, count>& scale_a,
                                                       const cutlass::Array<float, count>& scale_w,
                                                       const cutlass::Array<float, count>& bias) {
      auto values = scaled(sums, scale_a, scale_w);
      if (params_.has_bias) add(values, bias);
      return stored(values, params_.half);
    }

    /// Full, of integer sums.
    template <int count>
    CUTLASS_DEVICE cutlass::Array<Stored, count> visit(const cutlass::Array<std::int32_t, count>& sums, int, int, int,
                                                       const cutlass::Array<float, count>& scale_a,
                                                       const cutlass::Array<float, count>& scale_w,
                                                       const cutlass::Array<float, count>& bias,
                                                       const cutlass::Array<std::int32_t, count>& azp,
                                                       const cutlass::Array<std::int32_t, count>& colsum) {
      if (params_.tap >= 0) return stored(tapped(sums, params_.tap), params_.half);
      auto values = scaled(params_.has_azp ? rounded_differences(sums, azp, colsum) : rounded(sums), scale_a, scale_w);
      if (params_.has_bias) add(values, bias);
      return stored(values, params_.half);
    }

   private:
    const Params& params_;
  };

  template <bool reference_source, class... Args>
  CUTLASS_DEVICE auto get_consumer_store_callbacks(const cutlass::epilogue::fusion::ConsumerStoreArgs<Args...>&) {
    return Callbacks(params_);
  }

 private:
  Params params_;
};

}  // namespace qgemm::kernels::sm90
