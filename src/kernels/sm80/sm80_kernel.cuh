#pragma once
#include <cutlass/device_kernel.h>

#include <memory>

#include "cuda/cuda_error.hpp"
#include "kernels/check_arguments.hpp"
#include "kernels/kernel_list.hpp"
#include "kernels/sm80/product.cuh"

namespace qgemm::kernels::sm80 {

/// CUTLASS's parameters and the launch.
template <class Kernel>
class Sm80Launch final : public ScaledGemmLaunch {
 public:
  explicit Sm80Launch(const typename Kernel::Arguments& arguments)
      : params_(arguments, multiprocessors(), 1), grid_(params_.get_grid_dims()) {
    cuda::check(cudaFuncSetAttribute(function(), cudaFuncAttributeMaxDynamicSharedMemorySize, shared_bytes));
  }

  static constexpr int shared_bytes = static_cast<int>(sizeof(typename Kernel::SharedStorage));

  void enqueue(cudaStream_t stream, bool) override {
    void* parameters[] = {&params_};
    cuda::check(cudaLaunchKernel(function(), grid_, dim3(Kernel::kThreadCount), parameters, shared_bytes, stream));
  }

 private:
  static const void* function() { return reinterpret_cast<const void*>(&cutlass::Kernel2<Kernel>); }

  typename Kernel::Params params_;
  dim3 grid_;
};

/// A `Tiling` with both of its epilogues: the plain one where neither zero points nor a bias are given.
template <class Tiling>
class Sm80Kernel final : public ScaledGemmKernel {
 public:
  explicit Sm80Kernel(DType output) : traits_(Tiling::traits(output)) {}

  const KernelTraits& traits() const override { return traits_; }

  std::size_t workspace_bytes(const ScaledGemmArguments&) const override { return 0; }

  std::unique_ptr<ScaledGemmLaunch> prepare(const ScaledGemmArguments& arguments, void*) const override {
    check_arguments(traits_, arguments);
    const bool full = arguments.azp != nullptr || arguments.bias != nullptr;
    return full ? launch<Product<Tiling, true>>(arguments) : launch<Product<Tiling, false>>(arguments);
  }

 private:
  template <class Product>
  std::unique_ptr<ScaledGemmLaunch> launch(const ScaledGemmArguments& given) const {
    using Kernel = typename Product::Kernel;
    constexpr std::int64_t most_blocks = 65535;  // of a grid's y
    if (given.n > most_blocks * Tiling::Block::kN) refuse(traits_, "N is too large");
    if (Sm80Launch<Kernel>::shared_bytes > shared_bytes_per_block()) {
      refuse(traits_, "its tile needs more shared memory than a block of this GPU can have");
    }
    return std::make_unique<Sm80Launch<Kernel>>(Product::arguments(given, traits_.output == DType::f16));
  }

  KernelTraits traits_;
};

/// Puts each tiling into the list, once an output type.
template <class... Tilings>
void add(KernelList& list) {
  for (const DType output : {DType::bf16, DType::f16}) {
    (list.push_back(std::make_unique<Sm80Kernel<Tilings>>(output)), ...);
  }
}

}  // namespace qgemm::kernels::sm80
