#pragma once
#include <cstdint>
#include <cute/tensor.hpp>
#include <cutlass/epilogue/threadblock/fusion/visitors.hpp>

#include "kernels/dequantize_fragment.cuh"

namespace qgemm::kernels::sm80 {

/// The whole epilogue as one visitor: loads scales, zero points and bias, makes D of the sums and stores it. `Threads`
/// is CUTLASS's map from threads to elements: kElementsPerAccess neighbours of a row an access.
template <class Threads, bool full>
struct StoreVisitor {
  static constexpr int width = Threads::kElementsPerAccess;
  static_assert(width * sizeof(Stored) == sizeof(uint4));

  struct SharedStorage {};
  struct Arguments {
    Dequantization how;
    const float* scale_a = nullptr;
    bool scale_a_per_row = false;
    const float* scale_w = nullptr;
    bool scale_w_per_channel = false;
    const std::int32_t* azp = nullptr;
    bool azp_per_row = false;
    const std::int32_t* colsum = nullptr;
    const float* bias = nullptr;
    Stored* d = nullptr;
    std::int64_t ldd = 0;
  };
  using Params = Arguments;

  template <class Problem>
  static constexpr Params to_underlying_arguments(const Problem&, const Arguments& arguments, void*) {
    return arguments;
  }
  template <class Problem>
  static std::size_t get_workspace_size(const Problem&, const Arguments&) {
    return 0;
  }

  CUTLASS_HOST_DEVICE StoreVisitor() {}
  CUTLASS_HOST_DEVICE StoreVisitor(const Params& params, const SharedStorage&) : params_(&params) {}

  /// `Coordinates`: (neighbour, access in the row, row of the step, step) → (m, n, 0).
  template <class Coordinates, class Problem>
  struct Callbacks : cutlass::epilogue::threadblock::detail::EmptyCallbacks {
    static constexpr int accesses = decltype(cute::size<1>(Coordinates{}))::value;
    static constexpr int rows = decltype(cute::size<2>(Coordinates{}))::value;

    CUTLASS_DEVICE Callbacks(const Coordinates& coordinates, const Problem& problem, const Params* params)
        : coordinates_(coordinates), m_(cute::get<0>(problem)), n_(cute::get<1>(problem)), params_(params) {}

    CUTLASS_DEVICE void begin_epilogue() {
#pragma unroll
      for (int access = 0; access < accesses; ++access) {
        const int n = cute::get<1>(coordinates_(0, access, 0, 0));
        load(params_->scale_w, params_->scale_w_per_channel, n, scale_w_[access]);
        if constexpr (full) {
          if (params_->how.has_azp) load(params_->colsum, true, n, colsum_[access]);
          if (params_->how.has_bias) load(params_->bias, true, n, bias_[access]);
        }
      }
    }

    CUTLASS_DEVICE void begin_step(int step) {
#pragma unroll
      for (int row = 0; row < rows; ++row) {
        const int m = cute::get<0>(coordinates_(0, 0, row, step));
        if (m >= m_) continue;
        scale_a_[row] = params_->scale_a[params_->scale_a_per_row ? m : 0];
        if constexpr (full) {
          if (params_->how.has_azp) azp_[row] = params_->azp[params_->azp_per_row ? m : 0];
        }
      }
    }

    CUTLASS_DEVICE auto visit(int step, int row, int access, int, const cutlass::Array<std::int32_t, width>& sums) {
      const auto out = stored(value(row, access, sums), params_->how.half);
      const auto at = coordinates_(0, access, row, step);
      const int m = cute::get<0>(at), n = cute::get<1>(at);
      if (m < m_ && n < n_) {
        *reinterpret_cast<uint4*>(params_->d + m * params_->ldd + n) = reinterpret_cast<const uint4&>(out);
      }
      return out;
    }

   private:
    CUTLASS_DEVICE cutlass::Array<float, width> value(int row, int access,
                                                      const cutlass::Array<std::int32_t, width>& sums) const {
      if (params_->how.tap >= 0) return tapped(sums, params_->how.tap);
      cutlass::Array<float, width> scale_a;
      scale_a.fill(scale_a_[row]);
      if constexpr (full) {
        cutlass::Array<float, width> sum;
        if (params_->how.has_azp) {
          cutlass::Array<std::int32_t, width> azp;
          azp.fill(azp_[row]);
          sum = rounded_differences(sums, azp, colsum_[access]);
        } else {
          sum = rounded(sums);
        }
        auto values = scaled(sum, scale_a, scale_w_[access]);
        if (params_->how.has_bias) add(values, bias_[access]);
        return values;
      } else {
        return scaled(rounded(sums), scale_a, scale_w_[access]);
      }
    }

    /// N is a multiple of `width`: neighbours are all in D or all beside it.
    template <class T>
    CUTLASS_DEVICE void load(const T* from, bool vector, int n, cutlass::Array<T, width>& to) const {
      if (n >= n_) return;
#pragma unroll
      for (int i = 0; i < width; ++i) to[i] = from[vector ? n + i : 0];
    }

    Coordinates coordinates_;
    int m_, n_;
    const Params* params_;
    cutlass::Array<float, width> scale_w_[accesses], bias_[accesses];
    cutlass::Array<std::int32_t, width> colsum_[accesses];
    float scale_a_[rows];
    std::int32_t azp_[rows];
  };

  template <class Problem>
  CUTLASS_DEVICE auto get_callbacks(cutlass::gemm::GemmCoord tile, int thread, Problem problem) {
    const auto coordinates =
        cute::group_modes<3, 6>(Threads::partition(cute::make_identity_tensor(problem), thread, tile));
    return Callbacks<std::remove_const_t<decltype(coordinates)>, Problem>(coordinates, problem, params_);
  }

 private:
  const Params* params_ = nullptr;
};

}  // namespace qgemm::kernels::sm80
