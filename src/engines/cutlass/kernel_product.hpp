#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/cuda/scaled_product.hpp"
#include "kernels/scaled_gemm.hpp"

namespace qgemm::cutlass {

/// A kernel and how it orders its tiles: all that is chosen for a shape. `origin` says by whom, for the row's note.
struct KernelChoice {
  const kernels::ScaledGemmKernel* kernel = nullptr;
  int raster = 0, swizzle = 1;
  std::string origin;

  /// "sm90_s8_128x128x128_2x1_pingpong", with " swizzle 8" where that is not 1.
  std::string text() const;
};

/// The kernel's view of one operand set.
kernels::ScaledGemmArguments arguments_of(const cuda::ScaledOperands& operands, const KernelChoice& choice);

/// A kernel with the scratch memory of one launch, ready for each operand set.
class KernelLaunches {
 public:
  KernelLaunches(const KernelChoice& choice, const std::vector<cuda::ScaledOperands>& sets);
  void enqueue(int set, cudaStream_t stream, bool overlaps = false) const {
    launches_[static_cast<std::size_t>(set)]->enqueue(stream, overlaps);
  }
  void* workspace() const { return workspace_.data(); }

 private:
  cuda::DeviceBuffer workspace_;
  std::vector<std::unique_ptr<kernels::ScaledGemmLaunch>> launches_;
};

/// A quantized product by one of the kernels.
class KernelProduct final : public cuda::ScaledProduct {
 public:
  /// Chooses a kernel for the operand sets it is given.
  using Choose = std::function<KernelChoice(const std::vector<cuda::ScaledOperands>& sets)>;

  KernelProduct(const GemmSpec& spec, const cuda::DeviceOperands& operands, const Choose& choose, cudaStream_t stream);

  std::string kernel() const override { return choice_.text(); }
  std::string note() const override;
  void launch_product(int set, cudaStream_t stream) override { launches_->enqueue(set, stream); }
  void launch_quantized(int set, cudaStream_t stream) override {
    launches_->enqueue(set, stream, spec().scheme.quantizes_inside() && starts_early());
  }
  bool accumulate(const cuda::DeviceView& sums, cudaStream_t stream) override;

 private:
  bool starts_early() const;

  KernelChoice choice_;
  std::unique_ptr<KernelLaunches> launches_;
};

}  // namespace qgemm::cutlass
