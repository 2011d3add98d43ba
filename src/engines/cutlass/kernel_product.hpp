#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/cuda/scaled_product.hpp"
#include "kernels/scaled_gemm.hpp"

namespace qgemm::cutlass {

/// How a call quantizes its activations, where the product's kernel does not do it itself.
enum class Quantizing : std::uint8_t {
  apart,     ///< By a kernel before the product's, or not at all.
  overlaps,  ///< By a kernel before, beside which the product starts (programmatic launch).
};

/// A kernel and how it is used: all that is chosen for a shape. `origin` says by whom, for the row's note.
struct KernelChoice {
  const kernels::ScaledGemmKernel* kernel = nullptr;
  int raster = 0, swizzle = 1;
  std::string origin = {};
  Quantizing quantizing = Quantizing::apart;
  bool streams = false;  ///< The weights are the first to leave L2 (`ScaledGemmArguments::streams_weights`).

  /// "sm90_s8_128x128x128_2x1_pingpong", with " swizzle 8" where that is not 1, " streaming" where it streams the
  /// weights, and how it quantizes if not apart.
  std::string text() const;
};

/// The kernel's view of one operand set.
kernels::ScaledGemmArguments arguments_of(const cuda::ScaledOperands& operands, const KernelChoice& choice);

/// Enqueues the quantization of an operand set's activations; empty where nothing is quantized in the call.
using EnqueueQuantize = std::function<void(int set, cudaStream_t stream)>;

/// A kernel with the scratch memory of one launch, ready for each operand set.
class KernelLaunches {
 public:
  /// `quantize`: what a call does before a kernel that does not quantize itself.
  KernelLaunches(const KernelChoice& choice, const std::vector<cuda::ScaledOperands>& sets,
                 EnqueueQuantize quantize = {});
  void enqueue(int set, cudaStream_t stream) const;
  void* workspace() const { return workspace_.data(); }

 private:
  EnqueueQuantize quantize_;
  Quantizing quantizing_;
  cuda::DeviceBuffer workspace_;
  std::vector<std::unique_ptr<kernels::ScaledGemmLaunch>> launches_;
};

/// What multiplies, and what a call is where that quantizes, too.
struct ProductChoice {
  KernelChoice product, call;
};

/// A quantized product by one of the kernels.
class KernelProduct final : public cuda::ScaledProduct {
 public:
  /// Chooses kernels for the operand sets it is given; `call` matters only where `quantize` is given.
  using Choose =
      std::function<ProductChoice(const std::vector<cuda::ScaledOperands>& sets, const EnqueueQuantize& quantize)>;

  KernelProduct(const GemmSpec& spec, const cuda::DeviceOperands& operands, const Choose& choose, cudaStream_t stream);

  std::string kernel() const override { return reported().text(); }
  std::string note() const override;
  void launch(int set, cudaStream_t stream) override { (call_ ? *call_ : *product_).enqueue(set, stream); }
  void launch_product(int set, cudaStream_t stream) override { product_->enqueue(set, stream); }
  bool accumulate(const cuda::DeviceView& sums, cudaStream_t stream) override;

 private:
  const KernelChoice& reported() const { return call_ ? choice_.call : choice_.product; }

  ProductChoice choice_;
  std::unique_ptr<KernelLaunches> product_, call_;  // `call_` where the call quantizes
};

}  // namespace qgemm::cutlass
