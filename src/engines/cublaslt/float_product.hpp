#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/cuda/cuda_engine.hpp"
#include "engines/cublaslt/choice.hpp"

namespace qgemm::cublaslt {

/// An unquantized product (bf16, f32) of any M, N and K, unpadded.
class FloatProduct final : public cuda::PreparedGemm {
 public:
  /// Activations of another type than the scheme's are converted here, ahead.
  FloatProduct(const Library& library, Choice choice, int major, const GemmSpec& spec,
               const cuda::DeviceOperands& operands, cudaStream_t stream);

  std::string kernel() const override { return kernel_; }
  std::string note() const override;
  void launch_quantize(int /*set*/, cudaStream_t /*stream*/) override {}
  void launch_product(int set, cudaStream_t stream) override { enqueue(algorithm_, set, stream); }
  cuda::DeviceView output(int set) const override { return outputs_[static_cast<std::size_t>(set)].view(); }
  const cuda::DeviceActivations* activations(int /*set*/) const override { return nullptr; }
  bool accumulate(const cuda::DeviceView& /*sums*/, cudaStream_t /*stream*/) override { return false; }
  std::int64_t rotated_bytes() const override;

 private:
  Product describe_product() const;
  void enqueue(const Algorithm& algorithm, int set, cudaStream_t stream) const;

  GemmSpec spec_;
  Choice choice_;
  std::vector<cuda::DeviceMatrix> converted_;
  std::vector<cuda::DeviceView> activations_, weights_;  // one a set
  std::vector<cuda::DeviceMatrix> outputs_;
  cuda::DeviceMatrix bias_;
  cuda::DeviceBuffer workspace_;
  std::unique_ptr<Matmul> matmul_;
  Algorithm algorithm_{};
  std::string kernel_;
};

/// Bytes of one operand set: A, W and D.
std::int64_t float_set_bytes(const GemmSpec& spec);

}  // namespace qgemm::cublaslt
