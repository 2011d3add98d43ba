#pragma once
#include <cutlass/device_kernel.h>

#include <memory>

#include "cuda/cuda_error.hpp"
#include "kernels/check_arguments.hpp"
#include "kernels/kernel_list.hpp"
#include "kernels/sm90/product.cuh"
#include "kernels/sm90/tiling.cuh"

namespace qgemm::kernels::sm90 {

/// CUTLASS's parameters with their TMA descriptors, and the launch.
template <class Kernel>
class Sm90Launch final : public ScaledGemmLaunch {
 public:
  Sm90Launch(const typename Kernel::Arguments& arguments, void* workspace)
      : params_(Kernel::to_underlying_arguments(arguments, workspace)), grid_(Kernel::get_grid_shape(params_)) {
    cuda::check(
        cudaFuncSetAttribute(function(), cudaFuncAttributeMaxDynamicSharedMemorySize, Kernel::SharedStorageSize));
  }

  void enqueue(cudaStream_t stream, bool) override {
    using Cluster = typename Kernel::ClusterShape;
    // Without a cluster none is asked for, not even one of a single block: as CUTLASS's own launch does. Products of 64
    // blocks were up to 19 % slower than by that launch before (docs/measurements).
    constexpr bool clustered = cute::size(Cluster{}) > 1;
    cudaLaunchAttribute attribute{};
    attribute.id = cudaLaunchAttributeClusterDimension;
    attribute.val.clusterDim = {static_cast<unsigned>(cute::size<0>(Cluster{})),
                                static_cast<unsigned>(cute::size<1>(Cluster{})), 1};
    cudaLaunchConfig_t config{};
    config.gridDim = grid_;
    config.blockDim = Kernel::get_block_shape();
    config.dynamicSmemBytes = Kernel::SharedStorageSize;
    config.stream = stream;
    config.attrs = &attribute;
    config.numAttrs = clustered ? 1 : 0;
    void* parameters[] = {&params_};
    cuda::check(cudaLaunchKernelExC(&config, function(), parameters));
  }

 private:
  static const void* function() { return reinterpret_cast<const void*>(&cutlass::device_kernel<Kernel>); }

  typename Kernel::Params params_;
  dim3 grid_;
};

/// A `Tiling` with both of its epilogues: the plain one for bf16 results where neither zero points nor a bias are
/// given.
template <class Tiling>
class Sm90Kernel final : public ScaledGemmKernel {
 public:
  explicit Sm90Kernel(DType output) : traits_(Tiling::traits(output)) {}

  const KernelTraits& traits() const override { return traits_; }

  std::size_t workspace_bytes(const ScaledGemmArguments&) const override { return 0; }

  std::unique_ptr<ScaledGemmLaunch> prepare(const ScaledGemmArguments& arguments, void* workspace) const override {
    check_arguments(traits_, arguments);
    const bool full = arguments.azp != nullptr || arguments.bias != nullptr || traits_.output == DType::f16;
    return full ? launch<Product<Tiling, true>>(arguments, workspace)
                : launch<Product<Tiling, false>>(arguments, workspace);
  }

 private:
  template <class Product>
  std::unique_ptr<ScaledGemmLaunch> launch(const ScaledGemmArguments& given, void* workspace) const {
    using Kernel = typename Product::Kernel;
    const auto arguments = Product::arguments(given, traits_.output == DType::f16, multiprocessors());
    if (!Kernel::can_implement(arguments)) refuse(traits_, "CUTLASS does not take these sizes");
    return std::make_unique<Sm90Launch<Kernel>>(arguments, workspace);
  }

  KernelTraits traits_;
};

/// Puts each tiling into the list, once an output type.
template <class... Tilings>
void add(KernelList& list) {
  for (const DType output : {DType::bf16, DType::f16}) {
    (list.push_back(std::make_unique<Sm90Kernel<Tilings>>(output)), ...);
  }
}

}  // namespace qgemm::kernels::sm90
