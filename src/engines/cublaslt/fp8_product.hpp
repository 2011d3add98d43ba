#pragma once
#include <cuda_runtime_api.h>

#include <memory>
#include <string>

#include "engine/cuda/scaled_product.hpp"
#include "engines/cublaslt/choice.hpp"

namespace qgemm::cublaslt {

/// An e4m3 product with one scale for each operand, which cuBLASLt reads from device memory and applies itself; N and K
/// padded to multiples of 16.
class Fp8Product final : public cuda::ScaledProduct {
 public:
  Fp8Product(const Library& library, Choice choice, int major, const GemmSpec& spec,
             const cuda::DeviceOperands& operands, cudaStream_t stream);

  std::string kernel() const override { return kernel_; }
  std::string note() const override;
  void launch_product(int set, cudaStream_t stream) override { enqueue(algorithm_, set, stream); }
  bool accumulate(const cuda::DeviceView& /*sums*/, cudaStream_t /*stream*/) override { return false; }

 private:
  void enqueue(const Algorithm& algorithm, int set, cudaStream_t stream) const;

  Choice choice_;
  cuda::DeviceMatrix bias_;
  cuda::DeviceBuffer workspace_;
  std::unique_ptr<Matmul> matmul_;
  Algorithm algorithm_{};
  std::string kernel_;
};

}  // namespace qgemm::cublaslt
