#pragma once
#include <cuda_runtime_api.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/case.hpp"
#include "engine/cuda/cuda_engine.hpp"

namespace qgemm::cuda {

/// Pointers of one operand set of a quantized product, padded so that every kernel can take them.
struct ScaledOperands {
  std::int64_t m = 0, n = 0, k = 0;  ///< n and k padded to multiples of 16 with zeros.
  const void* a = nullptr;           ///< [m,k] quantized, dense
  const void* w = nullptr;           ///< [n,k] quantized, dense
  DeviceView unquantized;            ///< [m,k without padding], where a row can be quantized without the others
  bool own_scales = false;           ///< It does so by each row's own extent.
  std::uint32_t* bad_row = nullptr;  ///< Lowered to the first row with NaN or infinity.
  const float *scale_a = nullptr, *scale_w = nullptr;
  bool scale_a_per_row = false, scale_w_per_channel = false;
  const std::int32_t* azp = nullptr;  ///< m or 1 values; null: symmetric
  bool azp_per_row = false;
  const std::int32_t* colsum = nullptr;  ///< n values
  const float* bias = nullptr;           ///< n values; null: none
  void* d = nullptr;                     ///< [m,n] of the output type, dense
};

/// What every quantized product on a GPU has in common: its operand sets, quantization inside or ahead of the call, the
/// padded result. An engine adds the multiplication.
class ScaledProduct : public PreparedGemm {
 public:
  ScaledProduct(const GemmSpec& spec, const DeviceOperands& operands, cudaStream_t stream);

  std::string note() const override;
  void launch_quantize(int set, cudaStream_t stream) final;
  DeviceView output(int set) const final;
  const DeviceActivations* activations(int set) const final;
  std::int64_t rotated_bytes() const final;

 protected:
  const GemmSpec& spec() const { return spec_; }
  int sets() const { return static_cast<int>(outputs_.size()); }
  ScaledOperands operands(int set) const;

 private:
  GemmSpec spec_;
  const DeviceOperands& operands_;
  const DeviceQuantizedWeights& weights_;
  std::vector<DeviceView> weight_values_;       // one a set
  std::vector<DeviceActivations> activations_;  // one a set where quantized ahead, else one for all
  std::vector<DeviceMatrix> outputs_;           // [M, N'], one a set
};

/// Bytes of one operand set: activations as the call reads them, quantized weights, D.
std::int64_t scaled_set_bytes(const GemmSpec& spec);
/// Bytes that `sets` operand sets take besides the layer's own weights.
std::int64_t scaled_memory_bytes(const GemmSpec& spec, int sets);

}  // namespace qgemm::cuda
