#pragma once
#include <cstdint>

#include "cuda/device.hpp"
#include "engine/cuda/cuda_engine.hpp"
#include "engine/cuda/scaled_product.hpp"

namespace qgemm::cutlass {

/// What both engines of this room say alike.
class ScaledEngine : public cuda::CudaEngine {
 public:
  explicit ScaledEngine(cuda::Device device) : device_(std::move(device)) {}

  std::int64_t memory_bytes(const GemmSpec& spec, int sets) const final {
    return cuda::scaled_memory_bytes(spec, sets);
  }
  std::int64_t set_bytes(const GemmSpec& spec) const final { return cuda::scaled_set_bytes(spec); }

 protected:
  const cuda::Device& device() const { return device_; }
  /// What either can multiply: int8 and, where the GPU has it, FP8, to bf16 or f16.
  Support supports_scaled(const GemmSpec& spec) const;

 private:
  cuda::Device device_;
};

}  // namespace qgemm::cutlass
